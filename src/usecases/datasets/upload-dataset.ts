import { Readable } from "node:stream";
import { z } from "zod";
import {
  ColumnTypes,
  CsvQuote,
  type Dataset,
  DateOrder,
  DecimalMark,
  Delimiter,
  type ImageShape,
  MissingWords,
  type TableForm,
  TextEncoding,
} from "../../domain/datasets/dataset.ts";
import { invalidAt } from "../../domain/errors.ts";
import type { DatasetId, TenantId } from "../../domain/ids.ts";
import { limits } from "../../domain/limits.ts";
import { compressedHead, isTarGzip } from "../../formats/archives/compressed.ts";
import { peek } from "../../formats/archives/peek.ts";
import { plainDialect } from "../../formats/csv/csv-dialect.ts";
import type { ImageSize } from "../../formats/images/decode-image.ts";
import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import { encodeManifest } from "../../store/artifacts/manifest-file.ts";
import type { Caller } from "../admission/caller.ts";
import { parse } from "../admission/parse.ts";
import { openRoom, type Room, uploadFailure } from "../admission/room.ts";
import type { Deps } from "../deps.ts";
import { removeFiles } from "../upkeep/remove-files.ts";
import { storeAndProfile } from "./store-and-profile.ts";
import { storeImages } from "./store-images.ts";
import { formNames, openTable } from "./table-source.ts";

/** Words with commas between them, or a list of texts in JSON. */
const toWords = (value: unknown): unknown => {
  if (typeof value !== "string") return value;
  if (!value.startsWith("[")) return value.split(",").map((word) => word.trim());
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
};

const TableParameters = z.object({
  name: z.string().min(1).max(limits.nameLength).default("untitled"),
  types: ColumnTypes.default({}),
  delimiter: z.preprocess((value) => (value === "tab" ? "\t" : value), Delimiter.optional()),
  decimal: DecimalMark.optional(),
  encoding: TextEncoding.optional(),
  header: z
    .enum(["present", "absent"])
    .transform((value) => (value === "absent" ? value : undefined))
    .optional(),
  quote: CsvQuote.optional(),
  missingWords: z.preprocess(toWords, MissingWords.optional()),
  dates: DateOrder.optional(),
});

const side = z.int().min(1).max(limits.imageSide);
/** Of archives of images: their size, and what becomes of what is no image. */
const ImageParameters = TableParameters.extend({
  shorterSide: side.optional(),
  size: side.optional(),
  channels: z.union([z.literal(1), z.literal(3)]).optional(),
  onBroken: z.enum(["skip", "refuse"]).default("skip"),
});

/** The size that is stated; null: images keep their own. */
const toImageSize = ({ shorterSide, size, channels }: z.output<typeof ImageParameters>) => {
  const shorter = shorterSide ?? size;
  if (size !== undefined && shorter !== undefined && size > shorter) {
    const detail = `${size} pixels cannot be cut out of a side of ${shorter}; make shorterSide at least as large, or leave it out`;
    throw invalidAt("/query/size", detail);
  }
  return (own: ImageShape): ImageSize | null => {
    const colours = channels ?? own.channels;
    if (shorter !== undefined) {
      const cut = size ?? shorter;
      return { height: cut, width: cut, channels: colours, shorterSide: shorter };
    }
    if (colours === own.channels) return null;
    return { ...own, channels: colours, shorterSide: Math.min(own.height, own.width) };
  };
};

/** What the user says of the file; unchecked. */
interface Stated {
  name?: string | undefined;
  types?: unknown;
  delimiter?: string | undefined;
  decimal?: string | undefined;
  encoding?: string | undefined;
  header?: string | undefined;
  quote?: string | undefined;
  missingWords?: unknown;
  dates?: string | undefined;
  /** Of an archive of images. */
  shorterSide?: number | undefined;
  size?: number | undefined;
  channels?: number | undefined;
  onBroken?: string | undefined;
}

interface Upload {
  room: Room;
  tenant: TenantId;
  id: DatasetId;
  body: Readable;
}

/** Stores an upload's body and says what it holds. */
type Store = (deps: Deps, upload: Upload) => Promise<Omit<Dataset, "id" | "createdAt">>;
type ParseOptions = Parameters<typeof parse>[2];

/** What would be without effect is refused rather than ignored. */
const requireNone = (stated: Stated, names: readonly (keyof Stated)[], detail: string): void => {
  const name = names.find((key) => stated[key] !== undefined);
  if (name === undefined) return;
  const pointer = `/query/${name}`;
  throw invalidAt(pointer, detail);
};

/** What is written by us has commas and points, whatever was stated of the file: that would be without effect. */
const requireCsv = (stated: Stated, form: TableForm | undefined): void => {
  if (form === undefined || form === "csv") return;
  const detail = `is for CSV files, and the file is ${formNames[form]}; leave it out`;
  requireNone(stated, ["delimiter", "decimal", "encoding", "header", "quote"], detail);
};

const prepareTable = (stated: Stated, options: ParseOptions, form: TableForm | undefined): Store => {
  requireCsv(stated, form);
  const ofImages = ["shorterSide", "size", "channels", "onBroken"] as const;
  requireNone(stated, ofImages, "is for archives of images, sent with Content-Type: application/zip; leave it out");
  const { name, types, encoding, ...dialect } = parse(TableParameters, stated, options);
  if (dialect.delimiter === "," && dialect.decimal === ",") {
    const detail =
      "a comma cannot separate cells and decimals; state another delimiter, or leave it out to have it found";
    throw invalidAt("/query/decimal", detail);
  }
  return async (deps, { room, tenant, id, body }) => {
    const key = artifactKeys.datasetFile(tenant, id);
    const uploadKey = artifactKeys.datasetUpload(tenant, id);
    const table = await openTable(deps, { uploadKey, body, room, form, encoding });
    try {
      requireCsv(stated, table.form);
      const { written, profile } = await storeAndProfile(deps.artifacts, {
        ...{ key, body: room.filled(table.bytes), limitBytes: limits.tableBytes, types, texts: table.texts },
        dialect:
          table.form === "csv"
            ? dialect
            : { ...plainDialect, missingWords: dialect.missingWords, dates: dialect.dates },
      });
      const notes = [...table.notes, ...(profile.notes ?? [])];
      const typed = Object.keys(types).length === 0 ? {} : { types };
      return { name, format: "csv", ...written, ...profile, ...typed, ...(notes.length === 0 ? {} : { notes }) };
    } finally {
      await table.close();
    }
  };
};

const prepareImages = (stated: Stated, options: ParseOptions): Store => {
  requireNone(
    stated,
    ["encoding", "header", "quote", "missingWords", "dates"],
    "is for tables, sent with Content-Type: text/csv; leave it out",
  );
  const parsed = parse(ImageParameters, stated, options);
  const sizeOf = toImageSize(parsed);
  const { name, onBroken, types, ...dialect } = parsed;
  return async ({ artifacts }, { tenant, id, ...upload }) => {
    const { written, profile, images, notes } = await storeImages(artifacts, {
      ...{ ...upload, sizeOf, onBroken, types },
      dialect: { delimiter: dialect.delimiter, decimal: dialect.decimal },
      keys: {
        upload: artifactKeys.datasetUpload(tenant, id),
        aside: artifactKeys.datasetAside(tenant, id),
        file: artifactKeys.datasetFile(tenant, id, "images"),
        index: artifactKeys.datasetIndex(tenant, id),
      },
    });
    return { name, format: "images", images, ...notes, ...written, ...profile };
  };
};

/** What a file is said to be: a form of table, images, or gzip, which holds either; left out: a table, as its bytes say. */
type StatedFormat = TableForm | "images" | "gzip";

/** Of gzip the first bytes say whether it is an archive. */
const settleFormat = async (
  format: StatedFormat | undefined,
  body: Readable,
): Promise<{ form: TableForm | "images" | undefined; body: Readable }> => {
  if (format !== "gzip") return { form: format, body };
  const { head, stream } = await peek(body, compressedHead);
  return { form: isTarGzip(head) ? "images" : undefined, body: Readable.from(stream, { objectMode: false }) };
};

/**
 * Streams a table into the artifact store while profiling it, or decodes the images of an archive, then records the data set, then
 * publishes the manifest: a data set that is seen is whole, and what has a manifest was recorded. On any failure nothing is left, except when Redis did not answer whether it
 * has recorded the data set: then either it is there, whole, or the sweep removes the file. `invalid_csv` names line and column.
 */
export const uploadDataset = async (
  deps: Deps,
  caller: Caller,
  {
    body: sent,
    gone,
    format,
    ...stated
  }: Stated & { body: Readable; gone?: AbortSignal; format?: StatedFormat | undefined },
): Promise<Dataset> => {
  const options = { base: "/query", most: { keys: limits.columns, parts: 2 } };
  const { form, body } = await settleFormat(format, sent);
  const store = form === "images" ? prepareImages(stated, options) : prepareTable(stated, options, form);
  // A gigabyte is not read before finding out that it cannot be recorded.
  await deps.jobs.ping();
  const id = deps.createId("ds");
  const room = await openRoom(deps, caller, artifactKeys.dataset(caller.tenant, id), gone);
  let reached: Reached = "file";
  try {
    const described = await store(deps, { room, tenant: caller.tenant, id, body });
    const dataset: Dataset = { id, ...described, createdAt: deps.now().toISOString() };
    const manifest = encodeManifest(dataset);
    await room.take(manifest.length);
    await room.secure();
    reached = "asked";
    await deps.catalogue.addDataset(caller.tenant, dataset);
    reached = "recorded";
    await deps.artifacts.write(artifactKeys.datasetManifest(caller.tenant, id), manifest);
    return dataset;
  } catch (error) {
    await withdraw(deps, caller.tenant, id, reached).catch((cause: unknown) => {
      const upload = { tenant: caller.tenant, dataset: id, err: cause };
      deps.log.error(upload, "the rest of a failed upload could not be removed; the sweep will");
    });
    throw uploadFailure(error);
  } finally {
    await room.close();
  }
};

/** How far an upload came: its file is being written, Redis was asked to record it, Redis has recorded it. */
type Reached = "file" | "asked" | "recorded";

/** Takes back what a failed upload left. What was asked of Redis may still come true, so its file stays until that is known. */
const withdraw = async (deps: Deps, tenant: TenantId, id: DatasetId, reached: Reached): Promise<void> => {
  if (reached === "asked") return;
  if (reached === "recorded") await deps.catalogue.removeDataset(tenant, id);
  await removeFiles(deps, tenant, artifactKeys.dataset(tenant, id));
};
