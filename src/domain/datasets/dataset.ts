import { z } from "zod";
import { exactRecord } from "../exact-record.ts";
import { DatasetId } from "../ids.ts";
import { Timestamp } from "../jobs/job.ts";
import { limits } from "../limits.ts";

export const ColumnType = z.enum(["number", "category", "image"]).meta({ id: "ColumnType" });

/** Of every image of a column: rows of pixels from the top, 8 bits in each channel. */
export const ImageShape = z
  .object({ height: z.int(), width: z.int(), channels: z.int().describe("3: red, green, blue; 1: grey") })
  .meta({ id: "ImageShape" });

/** How pictures became the images of a data set, and those that did not. */
export const ImageSource = z
  .object({
    shorterSide: z.int().describe("to which pictures were scaled before their centre was cut out"),
    broken: z.int().describe("files that were left out"),
    listed: z
      .array(z.object({ path: z.string(), reason: z.string() }))
      .describe(`the first ${limits.brokenImages} of them`),
  })
  .meta({ id: "ImageSource" });

/** What is odd about a column, and what to do about it. `code` is stable. */
export const ColumnNote = z
  .object({
    code: z
      .enum([
        "constant",
        "empty",
        "leading_zeros",
        "large_integers",
        "exponent_codes",
        "decimal_commas",
        "mostly_numbers",
      ])
      .describe(
        "`leading_zeros`, `large_integers` (beyond 2⁵³) and `exponent_codes` (1e3): texts that a number would not give back",
      ),
    message: z.string(),
  })
  .meta({ id: "ColumnNote" });

/** One column: its type and summary statistics over the whole file. */
export const Column = z
  .object({
    name: z.string(),
    type: ColumnType,
    missing: z.int().describe("empty cells, and NA, NaN, null in a number column"),
    distinct: z.int().nullable().describe("null when there are more than the limit on categories"),
    /** Number columns: over the present values. */
    minimum: z.number().optional(),
    minimumLine: z.int().optional().describe("line of the file where the minimum stands first; of one below 0 only"),
    maximum: z.number().optional(),
    mean: z.number().optional(),
    standardDeviation: z.number().optional().describe("n − 1 in the denominator"),
    /** Category columns, and number columns with few distinct values: value → count, most frequent first. */
    categories: z.array(z.object({ value: z.string(), count: z.int() })).optional(),
    notes: z.array(ColumnNote).optional().describe("what is odd about it; left out where nothing is"),
    image: ImageShape.optional().describe("of an image column"),
  })
  .meta({ id: "Column" });

export const Delimiter = z.enum([",", ";", "\t", "|"]);
export const DecimalMark = z.enum([".", ","]);

/** What was found out about a file as a whole. `code` is stable. */
export const DatasetNote = z
  .object({
    code: z.enum(["delimiter_found", "decimal_found"]).describe("how the file was read, where that was not stated"),
    message: z.string(),
  })
  .meta({ id: "DatasetNote" });

/** A data set's manifest, as the API shows it and the artifact store keeps it beside the file. */
export const Dataset = z
  .object({
    id: DatasetId,
    name: z.string(),
    format: z.enum(["csv", "images"]),
    images: ImageSource.optional().describe("of a data set of images"),
    delimiter: Delimiter.optional().describe("what stands between two cells; left out: a comma"),
    decimal: DecimalMark.optional().describe("what stands before the decimals; left out: a point"),
    notes: z.array(DatasetNote).optional().describe("left out where there is nothing to say"),
    bytes: z.int(),
    sha256: z.string(),
    rows: z.int(),
    columns: z.array(Column),
    createdAt: Timestamp,
  })
  .meta({ id: "Dataset" });

/** Column types that the user states instead of letting them be inferred: `?types={"zip":"category"}`. */
export const ColumnTypes = exactRecord(z.string().min(1).max(limits.nameLength), ColumnType.exclude(["image"]));

/** A raw cell as JSON carries it. */
export const Cell = z.union([z.string(), z.number(), z.boolean(), z.null()]);
export const Row = exactRecord(z.string(), Cell).meta({ id: "Row" });

export type ColumnType = z.infer<typeof ColumnType>;
export type Delimiter = z.infer<typeof Delimiter>;
export type DecimalMark = z.infer<typeof DecimalMark>;
export type DatasetNote = z.infer<typeof DatasetNote>;
export type ColumnNote = z.infer<typeof ColumnNote>;
export type ImageShape = z.infer<typeof ImageShape>;
export type ImageSource = z.infer<typeof ImageSource>;
export type Column = z.infer<typeof Column>;
export type Dataset = z.infer<typeof Dataset>;
export type Cell = z.infer<typeof Cell>;
export type Row = z.infer<typeof Row>;
