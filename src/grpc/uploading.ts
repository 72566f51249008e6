import { ServiceError } from "../domain/errors.ts";
import { Undecodable } from "./coding.ts";

/** A message of a streamed upload: its header, or a piece of the file. */
interface UploadMessage<Header> {
  part?: { $case: "header"; value: Header } | { $case: "chunk"; value: Uint8Array } | undefined;
}

type Messages<Header> = AsyncGenerator<UploadMessage<Header>, void, void>;

/** The first message, which must be the header. */
export const readHeader = async <Header>(messages: Messages<Header>): Promise<Header> => {
  const first = await messages.next();
  if (first.value instanceof Undecodable) throw new ServiceError(first.value.code, first.value.detail);
  if (first.done === true || first.value.part?.$case !== "header") {
    throw new ServiceError("malformed", "the first message of an upload must be its header");
  }
  return first.value.part.value;
};

/** The file, out of the messages after the header. */
export async function* chunksOf<Header>(messages: Messages<Header>): AsyncGenerator<Uint8Array, void, void> {
  for await (const message of messages) {
    if (message instanceof Undecodable) throw new ServiceError(message.code, message.detail);
    if (message.part?.$case !== "chunk")
      throw new ServiceError("malformed", "after its header an upload has only chunks");
    if (message.part.value.length > 0) yield message.part.value;
  }
}
