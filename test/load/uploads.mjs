// How long health waits beside the largest uploads of each kind: JSON Lines whose lines are as long and as wide as they may be, archives of many small and of few large pictures, with folders
// and with a table of paths, IDX files. Milliseconds of a core that the API's event loop used between question and answer (Linux; elsewhere of the clock).
//   npm run build && node test/load/uploads.mjs [--mib 64]
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { gzipSync } from "node:zlib";
import sharp from "sharp";
import { startService } from "../chaos/service.mjs";

const { values } = parseArgs({
  options: { mib: { type: "string", default: "64" }, only: { type: "string", default: "" } },
});
const total = Number(values.mib) * 2 ** 20;

/** A tar archive (POSIX ustar) of these files, [path, bytes]. */
const tarOf = (files) => {
  const blocks = files.flatMap(([path, bytes]) => {
    const header = Buffer.alloc(512);
    header.write(path, 0);
    header.write("0000644\0", 100);
    header.write(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("00000000000\0        0", 136);
    header.write("ustar\x0000", 257);
    const sum = header.reduce((all, byte) => all + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [header, bytes, Buffer.alloc(-bytes.length & 511)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
};

const picture = (side, format) =>
  sharp(
    Uint8Array.from({ length: side * side * 3 }, (_, i) => (i * 2654435761) >>> 24),
    { raw: { width: side, height: side, channels: 3 } },
  )
    [format]()
    .toBuffer();

const lines = (line) => {
  const bytes = Buffer.from(`${line}\n`);
  return Buffer.concat(Array.from({ length: Math.max(2, Math.floor(total / bytes.length)) }, () => bytes));
};
const folderOf = (i) => (i % 2 === 0 ? "left" : "right");
const idx = (dims, type, data) => {
  const header = Buffer.alloc(4 + 4 * dims.length);
  header[2] = type;
  header[3] = dims.length;
  for (const [i, size] of dims.entries()) header.writeUInt32BE(size, 4 + 4 * i);
  return Buffer.concat([header, data]);
};

const small = await picture(8, "png");
const large = await picture(2000, "jpeg");
const many = Math.floor(total / 1024);
const wide = Object.fromEntries(
  Array.from({ length: 16_000 }, (_, i) => [`c${i}`, i % 3 === 0 ? `word${i % 7}` : i / 7]),
);
const deep = {
  a: Array.from({ length: 40 }).reduce((inner) => ({ x: inner }), 1),
  b: Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, { v: i }])),
};
const table = (count) =>
  `path,label,age\n${Array.from({ length: count }, (_, i) => `p/${i}.png,${folderOf(i)},${i % 90}`).join("\n")}\n`;
const idxRows = Math.floor(total / 784);

const uploads = {
  "JSON Lines, short lines": () => [
    "application/x-ndjson",
    lines('{"a":1.25,"b":"red","c":{"d":3,"e":"blue"},"y":"yes"}'),
  ],
  "JSON Lines, 16,000 columns": () => ["application/x-ndjson", lines(JSON.stringify(wide))],
  "JSON Lines, nested": () => ["application/x-ndjson", lines(JSON.stringify(deep))],
  "JSON Lines, long texts": () => [
    "application/x-ndjson",
    lines(JSON.stringify({ a: 'é\\n"'.repeat(9000), b: "\u0001".repeat(9000), y: 1 })),
  ],
  "JSON Lines, a line of a mebibyte": () => [
    "application/x-ndjson",
    lines(JSON.stringify({ a: Array.from({ length: 15 }, (_, i) => `${i}`.repeat(30_000)), y: 1 })),
  ],
  "JSON Lines, gzip": () => ["application/x-ndjson", gzipSync(lines('{"a":1,"b":"red"}'))],
  "small pictures in folders": () => [
    "application/x-tar",
    tarOf(Array.from({ length: many }, (_, i) => [`${folderOf(i)}/${i}.png`, small])),
  ],
  "small pictures with a table": () => [
    "application/x-tar",
    tarOf([["table.csv", Buffer.from(table(many))], ...Array.from({ length: many }, (_, i) => [`p/${i}.png`, small])]),
  ],
  "a table behind small pictures": () => [
    "application/x-tar",
    tarOf([...Array.from({ length: many }, (_, i) => [`p/${i}.png`, small]), ["table.csv", Buffer.from(table(many))]]),
  ],
  "large pictures": () => [
    "application/x-tar",
    tarOf(
      Array.from({ length: Math.max(2, Math.floor(total / large.length)) }, (_, i) => [
        `${folderOf(i)}/${i}.jpg`,
        large,
      ]),
    ),
  ],
  "pictures kept at 1024 pixels": () => [
    "application/x-tar",
    tarOf(Array.from({ length: 40 }, (_, i) => [`${folderOf(i)}/${i}.jpg`, large])),
    "&size=1024",
  ],
  "broken pictures": () => [
    "application/x-tar",
    tarOf(Array.from({ length: many }, (_, i) => [`${folderOf(i)}/${i}.png`, i < 2 ? small : Buffer.from("none")])),
  ],
  "IDX files": () => [
    "application/x-tar",
    tarOf([
      ["train-images-idx3-ubyte", idx([idxRows, 28, 28], 8, Buffer.alloc(idxRows * 784, 7))],
      [
        "train-labels-idx1-ubyte",
        idx([idxRows], 8, Buffer.from(Uint8Array.from({ length: idxRows }, (_, i) => i % 10))),
      ],
    ]),
  ],
};

const folder = mkdtempSync(join(tmpdir(), "descent-uploads-"));
const service = await startService(join(folder, "data"), { workers: 0, leaseSeconds: 10, checkpointSeconds: 1000 });
const prober = new Worker(new URL("../e2e/health-prober.mjs", import.meta.url), {
  workerData: { url: service.url, pid: service.alive("api")[0] },
});
try {
  console.log("| upload | MiB | answer | s | slowest health, ms |\n| --- | --- | --- | --- | --- |");
  for (const [name, make] of Object.entries(uploads)) {
    if (!name.includes(values.only)) continue;
    const [type, body, query = ""] = make();
    prober.postMessage("begin");
    const startMs = performance.now();
    const response = await fetch(`${service.url}/v1/datasets?name=x${query}`, {
      method: "POST",
      headers: { "content-type": type },
      body,
    });
    const text = await response.text();
    prober.postMessage("end");
    const [slowest] = await once(prober, "message");
    const said = response.status === 201 ? "201" : `${response.status} ${text.slice(0, 200)}`;
    console.log(
      `| ${name} | ${(body.length / 2 ** 20).toFixed(0)} | ${said} | ${((performance.now() - startMs) / 1000).toFixed(1)} | ${slowest.toFixed(0)} |`,
    );
  }
} finally {
  await prober.terminate();
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
}
