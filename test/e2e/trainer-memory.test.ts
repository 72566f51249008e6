import { readFile } from "node:fs/promises";
import { afterEach, expect, test } from "vitest";
import type { JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";
import { createRestClient, dataFile } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

const MIB = 1024 ** 2;
/** More with JOBS=100 BUDGET_MIB=1024. */
const jobs = Number(process.env.JOBS ?? 12);
const budget = Number(process.env.BUDGET_MIB ?? 256) * MIB;
/** The processes' own code and heaps, and the copies that a checkpoint or a finished model passes through. */
const beside = 512 * MIB;

/** Few rows for the many weights, many for what a step computes. */
interface Datasets {
  weights: string;
  activations: string;
}

/** One step of all rows; each a little different. `weights`: they, their gradients and slots are most of the plan; else what the step computes. */
const specOf = (datasets: Datasets, what: keyof Datasets, width: number): JobSpecInput => ({
  dataset: datasets[what],
  task: { type: "classification", label: what === "weights" ? "species" : "digit" },
  model: { type: "mlp", hidden: what === "weights" ? [width, width] : [width] },
  training: { epochs: 1, batchSize: 2000, earlyStopping: false },
  resources: { threads: 1 },
});

/** Now, and the most that it ever was. */
const residentOf = async (pid: number): Promise<{ now: number; peak: number }> => {
  const text = await readFile(`/proc/${pid}/status`, "utf8");
  const field = (name: string): number => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1]);
  return { now: field("VmRSS"), peak: field("VmHWM") };
};

let service: Service | undefined;
let dataDir = "";
afterEach(async () => {
  await service?.stop();
  await removeDataDir(dataDir);
});

test.runIf(process.platform === "linux")(
  "a trainer stays near its budget, however many jobs of half of it have run",
  { timeout: 60_000 + jobs * 15_000 },
  async () => {
    dataDir = await createDataDir();
    service = await startService(dataDir, { TRAINER_THREADS: "2", TRAINER_MEMORY_BYTES: String(budget) });
    const client = createRestClient(service.url);
    const datasets = {
      weights: (await client.upload("iris", await dataFile("iris"))).id,
      activations: (await client.upload("digits", await dataFile("digits"))).id,
    };
    const plannedBytes = async (what: keyof Datasets, width: number): Promise<number> => {
      const { body } = await client.post<{ memoryBytes?: number }>(
        "/v1/jobs?validateOnly=true",
        specOf(datasets, what, width),
      );
      return body.memoryBytes ?? Number.POSITIVE_INFINITY;
    };
    /** As wide as half of the budget allows, by a hundredth. */
    const widest = async (what: keyof Datasets): Promise<number> => {
      let [fits, exceeds] = [100, 100_000];
      while (exceeds - fits > fits / 100) {
        const width = Math.round(Math.sqrt(fits * exceeds));
        if ((await plannedBytes(what, width)) <= budget / 2) fits = width;
        else exceeds = width;
      }
      return fits;
    };
    const widths = { weights: await widest("weights"), activations: await widest("activations") };
    const resident: number[] = [];
    for (let job = 0; job < jobs; job++) {
      const what = job % 10 === 1 ? "weights" : "activations";
      const { id } = await client.submit(specOf(datasets, what, widths[what] - (job % 7)));
      const { state, error, model } = await client.untilDone(id);
      expect({ state, error }).toEqual({ state: "succeeded", error: null });
      // Hundreds of megabytes each.
      await client.call(`/v1/models/${model}`, { method: "DELETE" });
      resident.push((await residentOf(service.trainerPid())).now);
    }
    const inMib = resident.map((bytes) => Math.round(bytes / MIB));
    const planned = [
      await plannedBytes("weights", widths.weights),
      await plannedBytes("activations", widths.activations),
    ];
    console.log(
      `budget ${budget / MIB} MiB, plans of ${planned.map((bytes) => Math.round(bytes / MIB)).join(" and ")} MiB`,
    );
    console.log(`resident after each job, MiB: ${inMib.join(" ")}`);
    const { peak } = await residentOf(service.trainerPid());
    console.log(`at most ${Math.round(peak / MIB)} MiB, during a job`);
    expect(peak).toBeLessThan(budget + beside);
  },
);
