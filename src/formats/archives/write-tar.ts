const blockBytes = 512;

export interface TarEntry {
  /** ASCII, at most 100 characters, with slashes. */
  path: string;
  bytes: Uint8Array;
  /** Seconds since 1970. */
  changedSeconds: number;
}

/** Fields of a POSIX (ustar) header: where they begin, and their octal digits or text. */
const headerOf = ({ path, bytes, changedSeconds }: TarEntry): Buffer => {
  if (path.length > 100) throw new RangeError(`a path of ${path.length} characters does not fit into a tar header`);
  const header = Buffer.alloc(blockBytes);
  const octal = (value: number, at: number, digits: number): void => {
    header.write(`${Math.max(0, Math.floor(value)).toString(8).padStart(digits, "0")}\0`, at, "ascii");
  };
  header.write(path, 0, "ascii");
  octal(0o644, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(bytes.length, 124, 11);
  octal(changedSeconds, 136, 11);
  header.fill(" ", 148, 156);
  header.write("0", 156, "ascii");
  header.write("ustar\0" + "00", 257, "ascii");
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "ascii");
  return header;
};

/** A tar archive of files, one held at a time. */
export async function* writeTar(entries: AsyncIterable<TarEntry>): AsyncGenerator<Uint8Array, void, void> {
  for await (const entry of entries) {
    yield headerOf(entry);
    yield entry.bytes;
    const rest = entry.bytes.length % blockBytes;
    if (rest > 0) yield Buffer.alloc(blockBytes - rest);
  }
  yield Buffer.alloc(2 * blockBytes);
}
