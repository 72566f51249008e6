import { describe, expect, test } from "vitest";
import { createGraph } from "../../../src/engine/graph/graph.ts";
import { networkTrace } from "../../../src/engine/nn/network.ts";
import { createScope } from "../../../src/engine/nn/scope.ts";
import { readOnnxNetwork } from "../../../src/formats/onnx/read-network.ts";
import { mobilenet } from "../../formats/onnx/mobilenet.ts";

const traced = (outputs: number, frozen: readonly string[] = []) => {
  const { network } = readOnnxNetwork(mobilenet.onnx());
  const graph = createGraph();
  const scope = createScope(graph, true, (layer) => frozen.includes(layer));
  const value = networkTrace(network)(scope, graph.leaf("x", [2, 224 * 224 * 3]), outputs);
  return { scope, value, graph };
};

describe("a network from a file as a model", () => {
  test("gives its output's columns for each row", () => {
    expect(traced(1000).value.shape).toEqual([2, 1000]);
  });

  test("takes another head, also where the head is a convolution", () => {
    const { scope, value } = traced(5);
    expect(value.shape).toEqual([2, 5]);
    expect(scope.declarations.get("conv_preds.weight")?.shape).toEqual([1, 1, 1, 256, 5]);
    expect(scope.declarations.get("conv_preds.bias")?.shape).toEqual([5]);
  });

  test("keeps to the running averages where a layer is frozen", () => {
    const averages = ({ graph }: ReturnType<typeof traced>): number => graph.effects.length;
    expect(averages(traced(1000))).toBe(2 * 27);
    expect(averages(traced(1000, ["conv1.bn"]))).toBe(2 * 26);
  });

  test("refuses data of another width, and outputs that it has not", () => {
    const { network } = readOnnxNetwork(mobilenet.onnx());
    const graph = createGraph();
    const scope = createScope(graph, true, () => false);
    expect(() => networkTrace(network)(scope, createGraph().leaf("x", [2, 10]), 5)).toThrow(
      /150528 numbers, the data 10/,
    );
    expect(() => networkTrace({ ...network, head: null })(scope, graph.leaf("x", [2, 150528]), 5)).toThrow(
      /no layer that can be replaced/,
    );
  });
});
