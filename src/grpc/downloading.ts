import type { Readable } from "node:stream";

/** A file as the messages of a streamed download. */
export async function* toChunks(body: Readable): AsyncGenerator<{ chunk: Uint8Array }, void, void> {
  for await (const chunk of body) yield { chunk };
}
