/** The little of yauzl that zip files need; the package brings no types. */
declare module "yauzl" {
  import type { Readable } from "node:stream";

  export interface Entry {
    fileName: string;
    compressedSize: number;
    uncompressedSize: number;
    compressionMethod: number;
    isEncrypted(): boolean;
  }
  export interface ZipFile {
    entryCount: number;
    eachEntry(): AsyncIterable<Entry>;
    openReadStreamPromise(entry: Entry): Promise<Readable>;
    close(): void;
  }
  export class RandomAccessReader {
    _readStreamForRange(start: number, end: number): Readable;
  }
  export const fromRandomAccessReaderPromise: (
    reader: RandomAccessReader,
    totalSize: number,
    options: { autoClose: boolean; strictFileNames: boolean },
  ) => Promise<ZipFile>;
}
