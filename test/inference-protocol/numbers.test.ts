import { describe, expect, it } from "vitest";
import { ModelInferRequest } from "../../src/grpc/generated/inference/open_inference.ts";
import { readMessage } from "../../src/inference-protocol/message-codec.ts";
import { fromJson } from "../../src/inference-protocol/tensor.ts";
import { nothing } from "./no-contents.ts";

describe("numbers in JSON", () => {
  it.each([
    ["INT64", 2 ** 53],
    ["INT64", 5.1],
    ["UINT8", -1],
    ["UINT8", 300],
    ["INT8", -129],
    ["UINT64", 1e300],
    ["BOOL", 2],
    ["INT32", null],
  ] as const)("of the datatype %s are not %s", (type, value) => {
    expect(() => fromJson("x", type, [value])).toThrow(/the data of the input x/);
  });

  it("nor in contents over gRPC", () => {
    const inputs = [
      { name: "x", datatype: "INT8", shape: [1], contents: { ...nothing, intContents: [300] }, parameters: {} },
    ];
    const message = {
      ...{ modelName: "m", modelVersion: "", id: "", parameters: {}, inputs },
      ...{ outputs: [], rawInputContents: [] },
    };
    expect(() => readMessage(ModelInferRequest.encode(message).finish())).toThrow(/have 300, and its datatype is INT8/);
  });

  it("are what they say, and missing where null", () => {
    expect(fromJson("x", "INT8", [-128, 127])).toEqual([-128, 127]);
    expect(fromJson("x", "FP64", [0.1, 1e300, null])).toEqual([0.1, 1e300, Number.NaN]);
  });
});
