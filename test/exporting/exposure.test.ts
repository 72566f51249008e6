import { Readable } from "node:stream";
import { afterAll, expect, test } from "vitest";
import { exportStored } from "../../workers/exporting/export-stored.ts";
import { bytesOf, runOnnx } from "./runtime.ts";
import { predictionsOf, temporaryStore, tenant, trainInto } from "./trained.ts";

const { store, remove } = await temporaryStore();
afterAll(remove);

/** Counts of different exposures. */
const exposed = (): Readable => {
  const lines = Array.from(
    { length: 120 },
    (_, i) => `${(i * 37) % 11},${1 + (i % 5)},${((i * 7) % 4) * (1 + (i % 5))}`,
  );
  return Readable.from([Buffer.from(`size,hours,y\n${lines.join("\n")}\n`)]);
};

test.each(["exposure", "offset"] as const)("a file of counts with an %s says what a prediction says", async (key) => {
  const { model, rows } = await trainInto(store, exposed, {
    task: { type: "regression", label: "y", features: ["size"], [key]: "hours" },
    model: { type: "mlp", hidden: [5] },
    training: { epochs: 8, penaltySearch: false },
  });
  const file = bytesOf(await exportStored(store, tenant, model, { preprocessing: true }));
  const column = (name: string) => ({
    ...{ type: "float64" as const, dims: [rows.length, 1] },
    data: Float64Array.from(rows, (row) => Number(row[name])),
  });
  const outputs = await runOnnx(file, { size: column("size"), hours: column("hours") });
  const ours = await predictionsOf(store, model, rows);
  for (const [i, each] of ours.entries()) {
    if (!("value" in each)) throw new Error("a value");
    expect((outputs.value!.data[i] as number) / each.value).toBeCloseTo(1, 5);
  }
});
