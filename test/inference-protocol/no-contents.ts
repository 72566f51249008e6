import type { InferTensorContents } from "../../src/grpc/generated/inference/open_inference.ts";

/** Contents of a tensor before any are put in. */
export const nothing: InferTensorContents = {
  ...{ boolContents: [], intContents: [], int64Contents: [], uintContents: [], uint64Contents: [] },
  ...{ fp32Contents: [], fp64Contents: [], bytesContents: [] },
};
