import { deflateRawSync } from "node:zlib";
import type { ReadArchive } from "../../../src/formats/archives/archive-file.ts";

export interface Packed {
  path: string;
  content: Uint8Array;
  /** What the directory says of its unpacked size instead of the truth. */
  statedBytes?: number;
}

/** A zip file of deflated entries, as PKWARE's APPNOTE describes it, its checksums left out. */
export const buildZip = (files: readonly Packed[]): Buffer => {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { path, content, statedBytes } of files) {
    const name = Buffer.from(path);
    const packed = deflateRawSync(content);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(0x800, 2);
    fields.writeUInt16LE(8, 4);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(statedBytes ?? content.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), fields, name, packed]);
    const entry = Buffer.alloc(46);
    entry.write("PK\x01\x02", "latin1");
    entry.writeUInt16LE(20, 4);
    fields.copy(entry, 6);
    entry.writeUInt32LE(offset, 42);
    directory.push(Buffer.concat([entry, name]));
    parts.push(local);
    offset += local.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, list, end]);
};

const tarEntry = (path: string, content: Uint8Array, type: string, statedBytes = content.length): Buffer => {
  const header = Buffer.alloc(512);
  header.write(path.slice(0, 100), 0);
  header.write("0000644\0", 100);
  header.write(`${statedBytes.toString(8).padStart(11, "0")}\0`, 124);
  header.write("        ", 148);
  header.write(type, 156);
  header.write("ustar\u000000", 257);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
  );
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
};

/** A POSIX tar file; a path of more than 100 bytes comes as attributes before its entry. */
export const buildTar = (files: readonly Packed[]): Buffer =>
  Buffer.concat([
    ...files.flatMap(({ path, content, statedBytes }) => {
      const entry = tarEntry(path, content, "0", statedBytes);
      if (path.length <= 100) return [entry];
      const rest = ` path=${path}\n`;
      const length = [1, 2, 3, 4]
        .map((digits) => Buffer.byteLength(rest) + digits)
        .find((n) => String(n).length + Buffer.byteLength(rest) === n);
      return [tarEntry("attributes", Buffer.from(`${length}${rest}`), "x"), entry];
    }),
    Buffer.alloc(1024),
  ]);

export const tarLink = (path: string): Buffer => tarEntry(path, Buffer.alloc(0), "2");

/** An archive in memory, read in pieces as from a store. */
export const reading =
  (bytes: Buffer): ReadArchive =>
  async (range) => {
    const wanted = range === undefined ? bytes : bytes.subarray(range.start, range.end);
    return (async function* () {
      for (let at = 0; at < wanted.length; at += 700) yield wanted.subarray(at, at + 700);
    })();
  };
