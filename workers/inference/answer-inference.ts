import type { AnyModel } from "../../src/domain/models/model.ts";
import type { PredictResponse } from "../../src/domain/models/predictions/prediction.ts";
import { readHttp, writeHttp } from "../../src/inference-protocol/http-codec.ts";
import { type InferRequest, toOutputs, toPredictBody } from "../../src/inference-protocol/infer.ts";
import { readMessage, writeMessage } from "../../src/inference-protocol/message-codec.ts";
import type { Tensor } from "../../src/inference-protocol/tensor.ts";

type Predict = (body: unknown) => Promise<PredictResponse>;

interface Named {
  name: string;
  version: string;
}

const infer = async (model: AnyModel, request: InferRequest, predict: Predict): Promise<Tensor[]> =>
  toOutputs(model, request, await predict(toPredictBody(model, request.inputs)));

/** Four bytes before the answer: the length of its JSON if binary data follow it, else 0. */
export const answerHttp = async (
  model: AnyModel,
  { body, jsonBytes, ...named }: Named & { body: Uint8Array; jsonBytes: number | null },
  predict: Predict,
): Promise<Uint8Array<ArrayBuffer>> => {
  const request = readHttp(body, jsonBytes);
  const { json, binary } = writeHttp(named, request, await infer(model, request, predict));
  const answer = new Uint8Array(4 + json.length + (binary?.length ?? 0));
  new DataView(answer.buffer).setUint32(0, binary === null ? 0 : json.length, true);
  answer.set(json, 4);
  if (binary !== null) answer.set(binary, 4 + json.length);
  return answer;
};

export const readHttpAnswer = (answer: Uint8Array): { body: Uint8Array; jsonBytes: number | null } => {
  const length = new DataView(answer.buffer, answer.byteOffset).getUint32(0, true);
  return { body: answer.subarray(4), jsonBytes: length === 0 ? null : length };
};

export const answerMessage = async (
  model: AnyModel,
  { body, ...named }: Named & { body: Uint8Array },
  predict: Predict,
): Promise<Uint8Array<ArrayBuffer>> => {
  const { request } = readMessage(body);
  return writeMessage(named, request, await infer(model, request, predict));
};
