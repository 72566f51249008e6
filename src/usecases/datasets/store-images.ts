import type { Readable } from "node:stream";
import { createImageTable } from "../../data/images/image-table.ts";
import { type OnBroken, readPictures } from "../../data/images/read-pictures.ts";
import type { Column, ImageSource } from "../../domain/datasets/dataset.ts";
import { limits } from "../../domain/limits.ts";
import type { ReadArchive } from "../../formats/archives/archive-file.ts";
import { archiveFiles } from "../../formats/archives/archive-files.ts";
import { createImageDecoder, type ImageSize } from "../../formats/images/decode-image.ts";
import type { ArtifactStore, WrittenArtifact } from "../../store/artifacts/artifact-store.ts";
import type { Room } from "../admission/room.ts";

interface UploadedImages {
  /** Where the archive lies until its images have been read, and where their pixels go. */
  uploadKey: string;
  key: string;
  body: Readable;
  /** For the archive, and beside it the pixels. */
  room: Room;
  size: ImageSize;
  onBroken: OnBroken;
  /** Whether the sender has gone: then what came is not the whole archive. */
  requireWhole: () => void;
}

const archiveLimits = {
  entries: limits.archiveEntries,
  entryBytes: limits.archiveEntryBytes,
  totalBytes: limits.archiveUnpackedBytes,
};

interface StoredImages {
  written: WrittenArtifact;
  profile: { rows: number; columns: Column[] };
  images: ImageSource;
}

/**
 * Stores an archive, because a zip file's directory comes last, decodes its images to the data set's file of pixels and removes it again.
 * No more than a few pictures are held at a time.
 */
export const storeImages = async (artifacts: ArtifactStore, upload: UploadedImages): Promise<StoredImages> => {
  const { uploadKey, key, body, room, size, onBroken } = upload;
  const { bytes } = await artifacts.write(uploadKey, room.filled(body), { limitBytes: limits.datasetBytes });
  upload.requireWhole();
  const read: ReadArchive = (range) => artifacts.read(uploadKey, range);
  const decode = createImageDecoder(limits.imagePixels);
  const { pictures, broken } = readPictures(archiveFiles(read, bytes, archiveLimits), decode, { size, onBroken });
  const { height, width, channels, shorterSide } = size;
  const table = createImageTable(pictures, { height, width, channels });
  const written = await artifacts.write(key, room.filled(table.bytes), { limitBytes: limits.imageFileBytes });
  await artifacts.remove(uploadKey);
  room.give(bytes);
  return { written, profile: table.profile(), images: { shorterSide, ...broken() } };
};
