import { afterEach, beforeEach, expect, test } from "vitest";
import { findLibrary } from "../../src/engine/kernels/native/find-library.ts";
import { levelsOf } from "../../src/engine/kernels/native/library.ts";
import { parseMetrics } from "./metrics-text.ts";
import { createRestClient, dataFile } from "./rest-client.ts";
import { createDataDir, removeDataDir, startService } from "./service.ts";

let dataDir = "";
beforeEach(async () => {
  dataDir = await createDataDir();
});
afterEach(() => removeDataDir(dataDir));

/** What the service says of its kernels, and the digest of a model that it trained. */
const trainWith = async (kernels: string) => {
  const service = await startService(dataDir, { KERNELS: kernels });
  try {
    const client = createRestClient(service.url);
    const dataset = await client.upload("wine", await dataFile("wine"));
    const spec = {
      ...{ dataset: dataset.id, task: { type: "classification", label: "cultivar" } as const },
      ...{
        model: { type: "mlp" as const, hidden: [24] },
        training: { epochs: 8, earlyStopping: false as const, l2: 0 },
      },
    };
    const { id } = await client.submit(spec);
    const job = await client.untilDone(id);
    const { digest } = (await (await fetch(`${service.url}/v1/models/${job.model}`)).json()) as { digest: string };
    let shown: string | undefined;
    // A trainer's numbers come with its next heartbeat, which may be after a small job.
    const show = async () => {
      const samples = parseMetrics(await (await fetch(`${service.url}/metrics`)).text());
      shown = samples.find(({ name }) => name === "descent_kernels_info")?.labels.kernels;
      return shown;
    };
    await expect.poll(show, { timeout: 60_000 }).toBeDefined();
    const taken = job.history.find(({ state }) => state === "running")?.reason ?? "";
    return { digest, shown, taken };
  } finally {
    await service.stop();
  }
};

test("history and metrics say which kernels computed; the weights are the same", async () => {
  const wasm = await trainWith("wasm");
  expect(wasm.taken).toMatch(/^taken up by .*, WebAssembly kernels$/);
  expect(wasm.shown).toBe("WebAssembly kernels");
  const auto = await trainWith("auto");
  const found = await findLibrary();
  const [widest] = "path" in found ? ((await levelsOf(found.path)) ?? []) : [];
  const name = widest === undefined ? "WebAssembly kernels" : `native kernels (${widest})`;
  expect(auto.taken.endsWith(`, ${name}`)).toBe(true);
  expect(auto.shown).toBe(name);
  expect(auto.digest).toBe(wasm.digest);
});
