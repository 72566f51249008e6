import * as ort from "onnxruntime-web";
import type { OnnxFile } from "../../src/formats/onnx/writing/onnx-file.ts";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

export type Feed =
  | { readonly type: "float32"; readonly dims: readonly number[]; readonly data: Float32Array }
  | { readonly type: "float64"; readonly dims: readonly number[]; readonly data: Float64Array }
  | { readonly type: "uint8"; readonly dims: readonly number[]; readonly data: Uint8Array }
  | { readonly type: "string"; readonly dims: readonly number[]; readonly data: readonly string[] };

const tensorOf = (feed: Feed): ort.Tensor => {
  switch (feed.type) {
    case "float32":
      return new ort.Tensor(feed.type, feed.data, feed.dims);
    case "float64":
      return new ort.Tensor(feed.type, feed.data, feed.dims);
    case "uint8":
      return new ort.Tensor(feed.type, feed.data, feed.dims);
    case "string":
      return new ort.Tensor(feed.type, [...feed.data], feed.dims);
  }
};

export const bytesOf = ({ chunks }: OnnxFile): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.concat(chunks));

/** Runs a file in onnxruntime, an implementation that is not ours: output name → its numbers or texts. */
export const runOnnx = async (
  file: Uint8Array,
  feeds: Readonly<Record<string, Feed>>,
): Promise<Record<string, { dims: readonly number[]; data: readonly (number | string)[] }>> => {
  const session = await ort.InferenceSession.create(file, { executionProviders: ["wasm"] });
  try {
    const tensors = Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, tensorOf(feed)]));
    const outputs = await session.run(tensors);
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { dims, data }]) => [
        name,
        {
          dims,
          data: Array.from(data as ArrayLike<number | string | bigint>, (x) => (typeof x === "bigint" ? Number(x) : x)),
        },
      ]),
    );
  } finally {
    await session.release();
  }
};
