import { ServiceError } from "../../src/domain/errors.ts";
import { archiveFiles } from "../../src/formats/archives/archive-files.ts";
import { createImageDecoder, encodePng } from "../../src/formats/images/decode-image.ts";
import { reading } from "./archives/build-archives.ts";

export const mebibyte = 2 ** 20;
export const limits = { entries: 100, entryBytes: mebibyte, totalBytes: 4 * mebibyte };
export const decode = createImageDecoder(1_000_000);
export const size = { height: 8, width: 8, channels: 3, shorterSide: 8 };
export const png = await encodePng(
  Uint8Array.from({ length: 300 }, (_, i) => (i * 7) % 256),
  { height: 10, width: 10, channels: 3 },
);
export const packed = [
  { path: "cat/1.png", content: png },
  { path: "dog/2.png", content: png },
];
/** How many files an archive gives. */
export const files = async (archive: Uint8Array): Promise<number> => {
  const bytes = Buffer.from(archive);
  let count = 0;
  for await (const _ of archiveFiles(reading(bytes), bytes.length, limits)) count += 1;
  return count;
};

/** What is said of a file that is refused. */
export const refused = async (read: () => unknown): Promise<ServiceError> => {
  try {
    await read();
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error("it was read");
};
