import { Buffer } from "node:buffer";
import type { Readable } from "node:stream";
import { createImageTable } from "../../data/images/image-table.ts";
import { type ArchiveOfPictures, openPictures } from "../../data/images/open-pictures.ts";
import type { Column, DatasetNote, ImageSource } from "../../domain/datasets/dataset.ts";
import { limits } from "../../domain/limits.ts";
import { createImageDecoder } from "../../formats/images/decode-image.ts";
import type { ArtifactStore, WrittenArtifact } from "../../store/artifacts/artifact-store.ts";
import type { Room } from "../admission/room.ts";

interface UploadedImages extends Pick<ArchiveOfPictures, "sizeOf" | "onBroken" | "types" | "dialect"> {
  /** Where the archive lies until its images have been read, pixels that wait for their turn, the file, and where its rows begin. */
  keys: Readonly<Record<"upload" | "aside" | "file" | "index", string>>;
  body: Readable;
  /** For the archive, and beside it the pixels. */
  room: Room;
}

interface StoredImages {
  written: WrittenArtifact;
  profile: { rows: number; columns: Column[] };
  images: ImageSource;
  notes: { notes?: DatasetNote[] };
}

/** Byte offsets as uint64, little-endian. */
const toIndex = (starts: readonly number[]): Buffer => {
  const index = Buffer.alloc(8 * starts.length);
  for (let row = 0; row < starts.length; row++) {
    const start = starts[row]!;
    index.writeUInt32LE(start % 2 ** 32, 8 * row);
    index.writeUInt32LE(Math.floor(start / 2 ** 32), 8 * row + 4);
  }
  return index;
};

/**
 * Stores an archive, because a zip file's directory comes last, decodes its images to the data set's file of pixels and removes it again.
 * No more than a few pictures are held at a time.
 */
export const storeImages = async (artifacts: ArtifactStore, upload: UploadedImages): Promise<StoredImages> => {
  const { keys, body, room, sizeOf, onBroken, types, dialect } = upload;
  const { bytes } = await artifacts.write(keys.upload, room.filled(body), { limitBytes: limits.datasetBytes });
  let asideBytes = 0;
  const source = await openPictures({
    read: (range) => artifacts.read(keys.upload, range),
    ...{ bytes, sizeOf, onBroken, types, dialect },
    decode: createImageDecoder(limits.imagePixels),
    keepAside: async (pixels) => {
      const kept = await artifacts.write(keys.aside, room.filled(pixels), { limitBytes: limits.imageFileBytes });
      asideBytes = kept.bytes;
      return (range) => artifacts.read(keys.aside, range);
    },
  });
  const table = createImageTable(source);
  const written = await artifacts.write(keys.file, room.filled(table.bytes), { limitBytes: limits.imageFileBytes });
  for (const key of [keys.upload, keys.aside]) await artifacts.remove(key);
  room.give(bytes + asideBytes);
  const index = toIndex(table.starts());
  await room.take(index.length);
  await artifacts.write(keys.index, index);
  const notes = source.notes === undefined || source.notes.length === 0 ? {} : { notes: [...source.notes] };
  return { written, profile: table.profile(), images: source.source(), notes };
};
