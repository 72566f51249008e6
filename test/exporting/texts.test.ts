import { Readable } from "node:stream";
import { afterAll, expect, test } from "vitest";
import { encodeRows } from "../../src/data/preprocessing/encode-rows.ts";
import { exportStored } from "../../workers/exporting/export-stored.ts";
import { bytesOf, runOnnx } from "./runtime.ts";
import { predictionsOf, temporaryStore, tenant, trainInto } from "./trained.ts";

const { store, remove } = await temporaryStore();
afterAll(remove);

test("texts are hashed, which ONNX does not: refused with the remedy, and exported behind them", async () => {
  const lines = Array.from(
    { length: 80 },
    (_, i) => `${i % 2 === 0 ? "good and cheap" : "bad broken thing"} ${i},${i % 2}`,
  );
  const open = (): Readable => Readable.from([Buffer.from(`review,y\n${lines.join("\n")}\n`)]);
  const { model, rows } = await trainInto(store, open, {
    ...{ task: { type: "classification", label: "y" }, model: { type: "logistic" }, training: { epochs: 30 } },
    preprocessing: { texts: { buckets: 32 } },
  });
  const answers = await predictionsOf(store, model, rows);
  expect(answers.filter((answer, i) => "label" in answer && answer.label === lines[i]!.at(-1)).length).toBe(80);
  await expect(exportStored(store, tenant, model, { preprocessing: true })).rejects.toThrow(
    /"review" are hashed.*preprocessing=false/,
  );
  const bare = bytesOf(await exportStored(store, tenant, model, { preprocessing: false }));
  const { inputs } = encodeRows(model.preprocessing, rows);
  const plain = await runOnnx(bare, { features: { type: "float32", dims: [rows.length, 32], data: inputs } });
  expect(Object.values(plain)[0]!.dims[0]).toBe(rows.length);
});
