import type { ColumnType, ImageShape } from "../../domain/datasets/dataset.ts";
import { invalidAt, ServiceError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import { badArchive, quotedPath, type ReadArchive, type Wanted } from "../../formats/archives/archive-file.ts";
import { archiveFiles } from "../../formats/archives/archive-files.ts";
import type { StatedDialect } from "../../formats/csv/csv-dialect.ts";
import type { DecodeImage, ImageSize } from "../../formats/images/decode-image.ts";
import { idxPictures, idxSets, isIdxLabels } from "./idx-pictures.ts";
import { labelledFolders } from "./labelled-folders.ts";
import type { OnBroken, PictureSource } from "./picture-rows.ts";
import { readPictureTable, tableOf } from "./picture-table.ts";
import { type KeepAside, tabledPictures } from "./tabled-pictures.ts";

const archiveLimits = {
  entries: limits.archiveEntries,
  entryBytes: limits.archiveEntryBytes,
  totalBytes: limits.archiveUnpackedBytes,
};

export interface ArchiveOfPictures {
  read: ReadArchive;
  bytes: number;
  decode: DecodeImage;
  keepAside: KeepAside;
  /** As stated, of pictures that have this shape, or have it where nothing is stated; null: they keep it. */
  sizeOf: (own: ImageShape) => ImageSize | null;
  onBroken: OnBroken;
  /** What is stated of the table. */
  types: Readonly<Record<string, ColumnType>>;
  dialect: StatedDialect;
}

const isTable = (path: string): boolean => /\.csv$/i.test(path);

/** Looks through an archive: its paths in their order, and the bytes of its tables and of IDX files' labels. */
const survey = async ({ read, bytes }: ArchiveOfPictures) => {
  const paths: string[] = [];
  const wanted: Wanted = (path) => {
    paths.push(path);
    return isTable(path) || isIdxLabels(path);
  };
  const contents = new Map<string, Uint8Array>();
  let held = 0;
  for await (const file of archiveFiles(read, bytes, archiveLimits, wanted)) {
    if ("problem" in file) throw badArchive(`${quotedPath(file.path)}: ${file.problem}`);
    held += file.bytes.length;
    if (held > limits.archiveEntryBytes)
      throw new ServiceError("too_large", "its tables and labels have more than 64 MiB");
    contents.set(file.path, file.bytes);
  }
  return { paths, contents };
};

const requireNoneStated = ({ types, dialect }: ArchiveOfPictures): void => {
  const stated: Readonly<Record<string, unknown>> = { types: Object.keys(types)[0], ...dialect };
  const name = ["types", "delimiter", "decimal"].find((key) => stated[key] !== undefined);
  if (name === undefined) return;
  const detail = "is for tables, and the archive has none; leave it out";
  throw invalidAt(`/query/${name}`, detail);
};

/** Of pictures whose size is not stated. */
const usualShape: ImageShape = { height: 64, width: 64, channels: 3 };

/**
 * The pictures of an archive, whose kind shows in its files: IDX files of the MNIST family; a CSV file with the paths of pictures, their labels and other columns; or a
 * folder for each label. What is wrong is `malformed`, `invalid_csv`, `unprocessable` or `too_large`, with the file's name.
 */
export const openPictures = async (archive: ArchiveOfPictures): Promise<PictureSource> => {
  const { read, bytes, decode, keepAside, sizeOf, onBroken, types, dialect } = archive;
  const { paths, contents } = await survey(archive);
  const filesBut = (left: Wanted) => archiveFiles(read, bytes, archiveLimits, (path) => !left(path));
  const sets = idxSets(paths);
  if (sets.length > 0) {
    requireNoneStated(archive);
    const open = async (path: string): Promise<Uint8Array> => {
      for await (const file of archiveFiles(read, bytes, archiveLimits, (own) => own === path)) {
        if ("problem" in file) throw badArchive(`${quotedPath(path)}: ${file.problem}`);
        return file.bytes;
      }
      throw badArchive(`${quotedPath(path)} is not there any more`);
    };
    return idxPictures({ sets, labels: contents, open, paths, sizeOf, onBroken });
  }
  const size = sizeOf(usualShape) ?? { ...usualShape, shorterSide: usualShape.height };
  const path = tableOf(paths.filter(isTable));
  if (path === null) {
    requireNoneStated(archive);
    return labelledFolders(
      filesBut(() => false),
      decode,
      { size, onBroken },
    );
  }
  const pictures = paths.filter((own) => own !== path);
  const table = await readPictureTable({ path, bytes: contents.get(path)! }, new Set(pictures), { types, dialect });
  return tabledPictures(
    filesBut((own) => own === path),
    decode,
    table,
    { size, onBroken, paths: pictures, keepAside },
  );
};
