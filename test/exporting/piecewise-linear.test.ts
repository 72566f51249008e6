import { expect, test } from "vitest";
import { valueBetween } from "../../src/domain/models/parts/piecewise-linear.ts";
import { valueBetween as exported } from "../../src/exporting/piecewise-linear.ts";
import { createOnnxBuilder } from "../../src/formats/onnx/writing/onnx-builder.ts";
import { bytesOf, runOnnx } from "./runtime.ts";

const curves = [
  { at: [2], value: [7] },
  { at: [2, 4], value: [7, -1] },
  { at: [-1, 0, 0.5, 4], value: [0, 3, 3, 10] },
];
const asked = [-8, -1, -0.25, 0, 0.5, 2, 2.5, 4, 1e300];

test("onnxruntime goes along a line between points as the service does, and what is missing stays missing", async () => {
  const build = createOnnxBuilder();
  const x = build.input("x", { type: "double", dims: ["batch", 1] });
  for (const [i, { at, value }] of curves.entries())
    build.output(`y${i}`, exported(build, x, at, value), { type: "double", dims: ["batch", 1] });
  const file = bytesOf(build.finish({ name: "curves", metadata: new Map() }));
  const data = Float64Array.from([...asked, Number.NaN]);
  const outputs = await runOnnx(file, { x: { type: "float64", dims: [data.length, 1], data } });
  for (const [i, { at, value }] of curves.entries())
    expect(outputs[`y${i}`]).toEqual({
      dims: [data.length, 1],
      data: [...asked.map((own) => valueBetween(at, value, own)), Number.NaN],
    });
});
