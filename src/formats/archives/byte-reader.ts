/** Takes bytes from a stream in pieces of stated sizes; holds no more than one piece and one chunk. */
export interface ByteReader {
  /** Exactly so many bytes; null when the stream ends before the first of them, `undefined` when it ends among them. */
  take(bytes: number): Promise<Buffer | null | undefined>;
  /** Passes over so many bytes; false when the stream ends before. */
  skip(bytes: number): Promise<boolean>;
  /** Lets go of the stream, read to its end or not. */
  close(): Promise<void>;
}

export const createByteReader = (source: AsyncIterable<Uint8Array>): ByteReader => {
  const chunks = source[Symbol.asyncIterator]();
  let held: Uint8Array = new Uint8Array(0);
  const more = async (): Promise<boolean> => {
    const next = await chunks.next();
    if (next.done === true) return false;
    held = next.value;
    return true;
  };
  const take: ByteReader["take"] = async (bytes) => {
    const out = Buffer.allocUnsafe(bytes);
    let filled = 0;
    while (filled < bytes) {
      if (held.length === 0 && !(await more())) return filled === 0 ? null : undefined;
      const part = held.subarray(0, bytes - filled);
      out.set(part, filled);
      filled += part.length;
      held = held.subarray(part.length);
    }
    return out;
  };
  const skip: ByteReader["skip"] = async (bytes) => {
    let left = bytes;
    while (left > 0) {
      if (held.length === 0 && !(await more())) return false;
      const passed = Math.min(left, held.length);
      held = held.subarray(passed);
      left -= passed;
    }
    return true;
  };
  const close = async (): Promise<void> => {
    await chunks.return?.();
  };
  return { take, skip, close };
};
