/** JSON in words of four bytes, spaces at the end: a file's header has no room for what is long. */
export const toWords = (value: unknown): Int32Array => {
  const text = Buffer.from(JSON.stringify(value));
  const bytes = new Uint8Array(4 * Math.ceil(text.length / 4)).fill(0x20);
  bytes.set(text);
  return new Int32Array(bytes.buffer);
};

export const fromWords = ({ buffer, byteOffset, byteLength }: ArrayBufferView): unknown =>
  JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString());
