import { Buffer } from "node:buffer";

/** A stream's first bytes, at least so many where it has them, and the stream again, from its start. */
export const peek = async (
  source: AsyncIterable<Uint8Array>,
  bytes: number,
): Promise<{ head: Buffer; stream: AsyncIterable<Uint8Array> }> => {
  const chunks = source[Symbol.asyncIterator]();
  const pieces: Uint8Array[] = [];
  let held = 0;
  while (held < bytes) {
    const next = await chunks.next();
    if (next.done === true) break;
    pieces.push(next.value);
    held += next.value.length;
  }
  const again = async function* (): AsyncGenerator<Uint8Array, void, void> {
    try {
      yield* pieces.splice(0);
      for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
    } finally {
      await chunks.return?.();
    }
  };
  return { head: Buffer.concat(pieces), stream: again() };
};
