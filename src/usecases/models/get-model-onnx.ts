import { Readable } from "node:stream";
import type { AnyModel } from "../../domain/models/model.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { getModel } from "./get-model.ts";
import { unlessDeleted } from "./unless-deleted.ts";

const pieceBytes = 64 * 1024;

function* piecesOf(content: Uint8Array): Generator<Uint8Array, void, void> {
  for (let at = 0; at < content.byteLength; at += pieceBytes) yield content.subarray(at, at + pieceBytes);
}

/**
 * The model as an ONNX file, with or without its preprocessing. The caller must read the stream or destroy it. `corrupt` if the stored weights are not what
 * was written, `over_limit` if it is too large for such a file.
 */
export const getModelOnnx = async (
  deps: Deps,
  caller: Caller,
  { id, preprocessing = true }: { id: string; preprocessing?: boolean | undefined },
): Promise<{ model: AnyModel; bytes: number; body: Readable }> => {
  const model = await getModel(deps, caller, { id });
  const again = () => getModel(deps, caller, { id });
  const { content, sent } = await unlessDeleted(again, () => deps.engine.exportOnnx(caller, { model, preprocessing }));
  const body = Readable.from(piecesOf(content), { objectMode: false });
  body.once("close", sent);
  return { model, bytes: content.byteLength, body };
};
