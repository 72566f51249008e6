import { Readable } from "node:stream";
import type { AnyModel } from "../../domain/models/model.ts";
import { weightsOf } from "../../store/artifacts/model-files.ts";
import { openVerified, readVerified } from "../../store/artifacts/verified.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { getModel } from "./get-model.ts";
import { unlessDeleted } from "./unless-deleted.ts";

/** Files up to this size are checked before the first byte is sent, so that damage is an answer and not a broken download. */
const AT_ONCE_BYTES = 1024 ** 2;

/**
 * The weights as a safetensors file. The caller must read the stream or destroy it. It never ends well with other bytes than were
 * written: either this rejects with `corrupt`, or the stream does before its end.
 */
export const getModelWeights = async (
  deps: Deps,
  caller: Caller,
  request: { id: string },
): Promise<{ model: AnyModel; body: Readable }> => {
  const model = await getModel(deps, caller, request);
  const { key, check, what } = weightsOf(caller.tenant, model);
  const isSmall = model.files !== undefined && model.files.weights.bytes <= AT_ONCE_BYTES;
  const open = async (): Promise<Readable> =>
    isSmall
      ? Readable.from([await readVerified(deps.artifacts, key, check, what)], { objectMode: false })
      : Readable.from(await openVerified(deps.artifacts, key, check, what), { objectMode: false });
  return { model, body: await unlessDeleted(() => getModel(deps, caller, request), open) };
};
