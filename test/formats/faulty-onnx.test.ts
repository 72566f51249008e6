import { describe, expect, test } from "vitest";
import { encodeMessage } from "../../src/formats/onnx/wire/message-codec.ts";
import { ModelTable } from "../../src/formats/onnx/wire/schema.ts";
import { readUpload } from "../../workers/importing/read-upload.ts";
import { buildZip } from "./archives/build-archives.ts";
import { refused } from "./faulty-files.ts";
import { integersOf, modelOf, nodeOf, portOf, tensorOf } from "./onnx/tiny-network.ts";

const chain = (nodes: number): Uint8Array =>
  modelOf({
    nodes: Array.from({ length: nodes }, (_, i) => nodeOf("Relu", [i === 0 ? "x" : `v${i - 1}`], `v${i}`)),
    inputs: [portOf("x", ["batch", 2])],
    outputs: [portOf(`v${nodes - 1}`, ["batch", 2])],
  });

const one = (
  nodes: ReturnType<typeof nodeOf>[],
  initializers: unknown[] = [],
  dims: (number | string)[] = ["batch", 2],
) =>
  modelOf({
    nodes,
    initializers: initializers as ReturnType<typeof tensorOf>[],
    inputs: [portOf("x", dims)],
    outputs: [portOf("y", ["batch", 2])],
  });

/** A graph within an attribute of a node within a graph, and so on. */
const nested = (depth: number): Uint8Array<ArrayBuffer> => {
  let graph: unknown = { nodes: [], initializers: [], inputs: [], outputs: [] };
  for (let i = 0; i < depth; i++) {
    const attribute = { name: "body", type: 5, graph, floats: [], ints: [], strings: [] };
    graph = {
      nodes: [{ op: "If", inputs: [], outputs: ["y"], attributes: [attribute] }],
      initializers: [],
      inputs: [],
      outputs: [],
    };
  }
  return new Uint8Array(encodeMessage({ irVersion: 8, graph, operatorSets: [{ version: 17 }] }, ModelTable));
};

/** Functions that call each other in a circle, each twice: doubled at every level. */
const circle = (): Uint8Array<ArrayBuffer> => {
  const call = (op: string, output: string) => ({
    op,
    domain: "own",
    inputs: ["x"],
    outputs: [output],
    attributes: [],
  });
  const body = (name: string, other: string) => ({
    ...{ name, domain: "own", inputs: ["x"], outputs: ["y"], attributes: [] },
    nodes: [call(other, "z"), call(other, "y")],
  });
  const graph = {
    nodes: [call("A", "y")],
    initializers: [],
    inputs: [portOf("x", ["batch", 2])],
    outputs: [portOf("y", ["batch", 2])],
  };
  return new Uint8Array(
    encodeMessage(
      { irVersion: 8, graph, operatorSets: [{ version: 17 }], functions: [body("A", "B"), body("B", "A")] },
      ModelTable,
    ),
  );
};

describe("ONNX files are refused", () => {
  test.each<[string, Uint8Array, RegExp]>([
    [
      "whose nodes are a circle",
      one([nodeOf("Relu", ["b"], "a"), nodeOf("Relu", ["a"], "b"), nodeOf("Add", ["x", "a"], "y")]),
      /computed by no node before it/,
    ],
    [
      "whose tensors have 2⁶³ elements",
      one([nodeOf("Add", ["x", "w"], "y")], [{ ...tensorOf("w", [2], [1, 2]), dims: [2 ** 62, 2] }]),
      /axis of|more elements/,
    ],
    [
      "whose axes are below zero",
      one([nodeOf("Add", ["x", "w"], "y")], [{ ...tensorOf("w", [2], [1, 2]), dims: [-2, -1] }]),
      /axis of -2/,
    ],
    [
      "whose sizes overflow in a product",
      one([nodeOf("Add", ["x", "w"], "y")], [{ ...tensorOf("w", [2], [1, 2]), dims: Array(15).fill(65_536) }]),
      /more elements/,
    ],
    [
      "whose inputs have 2⁶² numbers",
      one([nodeOf("Relu", ["x"], "y")], [], ["batch", 2 ** 62]),
      /dynamic size|numbers/,
    ],
    [
      "whose constants grow when they are computed",
      one(
        [nodeOf("ConstantOfShape", ["s"], "c"), nodeOf("Add", ["x", "c"], "y")],
        [integersOf("s", [2 ** 40, 2 ** 20])],
      ),
      /ConstantOfShape/,
    ],
    ["whose graphs are nested", nested(40), /deep/],
    ["whose nodes are control flow", nested(3), /control flow/],
    ["whose functions call each other", circle(), /deep|nodes/],
    [
      "whose external data lead out of the archive",
      one(
        [nodeOf("Add", ["x", "w"], "y")],
        [
          {
            ...tensorOf("w", [2], []),
            rawData: undefined,
            dataLocation: 1,
            externalData: [{ key: "location", value: "../../etc/passwd" }],
          },
        ],
      ),
      /not in the upload/,
    ],
    ["that are empty", new Uint8Array(), /no graph/],
  ])("%s", async (_, file, message) => {
    const { code, message: said } = await refused(() => readUpload(file, "onnx"));
    expect(["malformed", "unprocessable"]).toContain(code);
    expect(said).toMatch(message);
  });

  test("and not for being 10,000 nodes deep", async () => {
    const { network: read } = await readUpload(chain(10_000), "onnx");
    expect(read.network.nodes.length).toBe(10_000);
  });

  test("with external data at offsets that do not fit, or under paths that lead out", async () => {
    const external = (entries: Record<string, string>) =>
      one(
        [nodeOf("Add", ["x", "w"], "y")],
        [
          {
            ...tensorOf("w", [2], []),
            ...{ rawData: undefined, dataLocation: 1 },
            externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
          },
        ],
      );
    const zipOf = (entries: Record<string, string>, path = "w.bin") =>
      buildZip([
        { path: "m/model.onnx", content: external(entries) },
        { path: `m/${path}`, content: Buffer.from(Float32Array.of(1, 2).buffer) },
      ]);
    const whole = await readUpload(zipOf({ location: "w.bin", offset: "0", length: "8" }), "zip");
    expect([...whole.network.data.values()].map((values) => [...values])).toEqual([[1, 2]]);
    for (const odd of [{ offset: "4" }, { offset: "-8" }, { offset: "9e99" }, { length: "4" }, { length: "x" }])
      expect((await refused(() => readUpload(zipOf({ location: "w.bin", ...odd }), "zip"))).message).toMatch(
        /is said to lie at/,
      );
    expect((await refused(() => readUpload(zipOf({ location: "../w.bin" }), "zip"))).message).toMatch(
      /not in the upload/,
    );
    expect((await refused(() => readUpload(zipOf({ location: "w.bin" }, "../../w.bin"), "zip"))).message).toMatch(
      /leads out/,
    );
  });
});
