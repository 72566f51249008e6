import { z } from "zod";
import { exactRecord } from "../domain/exact-record.ts";
import { parseJsonBytes } from "../domain/json-bytes.ts";
import type { InferRequest } from "./infer.ts";
import { fromBinary, fromJson, refused, requireCount, requireHead, type Tensor, toBinary } from "./tensor.ts";

const Parameters = exactRecord(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional();

const Body = z.object({
  id: z.string().optional(),
  parameters: Parameters,
  inputs: z
    .array(
      z.object({
        name: z.string(),
        shape: z.array(z.int()),
        datatype: z.string(),
        parameters: Parameters,
        data: z.unknown().optional(),
      }),
    )
    .min(1),
  outputs: z.array(z.object({ name: z.string(), parameters: Parameters })).optional(),
});

/** The JSON part, and what follows it as binary data. `jsonBytes`: as Inference-Header-Content-Length says; null: all of it. */
export const readHttp = (body: Uint8Array, jsonBytes: number | null): InferRequest => {
  const end = jsonBytes ?? body.length;
  if (end > body.length) throw refused("Inference-Header-Content-Length is larger than the body");
  const parsed = Body.safeParse(parseJsonBytes(body.subarray(0, end)));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refused(
      `/${issue?.path.map(String).join("/") ?? ""}: ${issue?.message ?? "is not a request of the protocol"}`,
    );
  }
  const { id, parameters, inputs, outputs } = parsed.data;
  let at = end;
  const tensors = inputs.map(({ name, shape, datatype, parameters: own, data }): Tensor => {
    const type = requireHead(name, datatype, shape);
    const size = own?.binary_data_size;
    if (size === undefined) {
      if (data === undefined) throw refused(`the input ${name} has no data`);
      const values = fromJson(name, type, data);
      requireCount(name, shape, values.length);
      return { name, datatype: type, shape, values };
    }
    if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0 || at + size > body.length)
      throw refused(`binary_data_size of the input ${name} goes beyond the body`);
    const values = fromBinary(name, type, body.subarray(at, at + size));
    at += size;
    requireCount(name, shape, values.length);
    return { name, datatype: type, shape, values };
  });
  if (at !== body.length) throw refused("the body has more binary data than its inputs state");
  return {
    id: id ?? null,
    inputs: tensors,
    outputs:
      outputs?.map(({ name, parameters: own }) => ({
        name,
        binary: typeof own?.binary_data === "boolean" ? own.binary_data : null,
      })) ?? null,
    binaryOutput: parameters?.binary_data_output === true,
  };
};

/** The answer's JSON, and the binary data that follow it. */
export const writeHttp = (
  { name, version }: { name: string; version: string },
  request: InferRequest,
  outputs: readonly Tensor[],
): { json: Uint8Array; binary: Uint8Array | null } => {
  const parts: Uint8Array[] = [];
  const written = outputs.map((tensor) => {
    const { datatype, shape, values } = tensor;
    const asked = request.outputs?.find((output) => output.name === tensor.name)?.binary ?? request.binaryOutput;
    if (!asked) return { name: tensor.name, datatype, shape, data: Array.from(values as ArrayLike<number | string>) };
    const bytes = toBinary(tensor);
    parts.push(bytes);
    return { name: tensor.name, datatype, shape, parameters: { binary_data_size: bytes.length } };
  });
  const id = request.id === null ? {} : { id: request.id };
  const json = Buffer.from(JSON.stringify({ model_name: name, model_version: version, ...id, outputs: written }));
  return { json, binary: parts.length === 0 ? null : Buffer.concat(parts) };
};
