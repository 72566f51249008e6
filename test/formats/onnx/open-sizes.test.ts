import { describe, expect, test } from "vitest";
import { readOnnxNetwork } from "../../../src/formats/onnx/read-network.ts";
import { modelOf, nodeOf, portOf, tensorOf } from "./tiny-network.ts";

/** Two pictures of one size that the file leaves open, added after the second was weighed. */
const open = modelOf({
  nodes: [nodeOf("Conv", ["b", "w"], "weighed", { kernel_shape: [1, 1] }), nodeOf("Add", ["a", "weighed"], "y")],
  initializers: [tensorOf("w", [3, 3, 1, 1], [1, 0, 0, 0, 1, 0, 0, 0, 1])],
  inputs: [portOf("a", ["batch", 3, "h", "w"]), portOf("b", ["batch", 3, "h", "w"])],
  outputs: [portOf("y", ["batch", 3, "h", "w"])],
});

describe("sizes that a file leaves open", () => {
  test("are those that are stated, in the file's order, and the same under one name", () => {
    const { network } = readOnnxNetwork(open, undefined, [5, 7]);
    expect(network.inputs.map(({ shape }) => shape)).toEqual([
      [3, 5, 7],
      [3, 5, 7],
    ]);
    expect(network.outputs[0]!.shape).toEqual([3, 5, 7]);
  });

  test("are asked for, with what to send", () => {
    expect(() => readOnnxNetwork(open)).toThrow(/dynamic size \("h", axis 2\).*\?sizes=224x224/);
  });

  test("are as many as are stated", () => {
    expect(() => readOnnxNetwork(open, undefined, [5])).toThrow(/has 1 sizes, and the file leaves 2 open \("h", "w"\)/);
    const fixed = readOnnxNetwork(open, undefined, [5, 7]);
    expect(fixed.warnings).toEqual([]);
    const closed = modelOf({
      nodes: [nodeOf("Relu", ["x"], "y")],
      inputs: [portOf("x", ["batch", 3])],
      outputs: [portOf("y", ["batch", 3])],
    });
    expect(() => readOnnxNetwork(closed, undefined, [5])).toThrow(/the file leaves no size open/);
  });
});
