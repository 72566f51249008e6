import { describe, expect, it } from "vitest";
import { profileCsv } from "../../src/data/columns/profile-csv.ts";

const MIB = 1024 * 1024;

/** Bytes of a table that never existed as a whole: the same block again and again below one header. */
async function* generateTable(totalBytes: number): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`${Array.from({ length: 9 }, (_, i) => `x${i}`).join(",")},label\n`);
  const row = (i: number) =>
    `${Array.from({ length: 9 }, (_, j) => Math.sin(i * 9 + j).toFixed(4)).join(",")},class ${i % 3}\n`;
  const block = Buffer.from(Array.from({ length: 1000 }, (_, i) => row(i)).join(""));
  for (let bytes = 0; bytes < totalBytes; bytes += block.length) yield block;
}

describe("a file larger than the memory for it", () => {
  it("is profiled in bounded memory", async () => {
    await profileCsv(generateTable(4 * MIB));
    const before = process.memoryUsage.rss();
    let peak = before;
    async function* watched() {
      let chunks = 0;
      for await (const chunk of generateTable(100 * MIB)) {
        chunks += 1;
        if (chunks % 50 === 0) peak = Math.max(peak, process.memoryUsage.rss());
        yield chunk;
      }
    }
    const { rows, columns } = await profileCsv(watched());
    expect(rows % 1000).toBe(0);
    expect(columns.at(-1)).toMatchObject({ type: "category", distinct: 3 });
    expect((peak - before) / MIB).toBeLessThan(64);
  });
});
