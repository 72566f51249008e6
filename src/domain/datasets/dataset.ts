import { z } from "zod";
import { exactRecord } from "../exact-record.ts";
import { DatasetId } from "../ids.ts";
import { Timestamp } from "../jobs/job.ts";
import { limits } from "../limits.ts";

export const ColumnType = z.enum(["number", "category", "image", "datetime", "text", "boolean"]).meta({
  id: "ColumnType",
  description:
    "What a column's cells are. `datetime`: dates, with or without a time of day; `text`: free text, of which the words count; `boolean`: truth values in one way of writing, which models take as two categories.",
});

export const DateCycle = z
  .enum(["hour", "weekday", "year"])
  .meta({ id: "DateCycle", description: "The time of day, the day of the week, the day of the year; in UTC." });

export const DateRange = z
  .object({
    earliest: z.string().describe("ISO 8601, UTC"),
    latest: z.string().describe("ISO 8601, UTC"),
    cycles: z
      .array(DateCycle)
      .describe("in which the column varies and that it runs through more than once: features beside the elapsed time"),
  })
  .meta({ id: "DateRange", description: "From when to when a column's dates are, and what recurs in them." });

export const ImageShape = z
  .object({
    height: z.int().describe("rows of pixels"),
    width: z.int().describe("pixels in a row"),
    channels: z.int().describe("3: red, green, blue; 1: grey"),
  })
  .meta({
    id: "ImageShape",
    description: "Of every image of a column: rows of pixels from the top, 8 bits in each channel.",
  });

export const ImageSource = z
  .object({
    shorterSide: z.int().describe("to which pictures were scaled before their centre was cut out"),
    broken: z.int().describe("files that were left out"),
    listed: z
      .array(
        z.object({ path: z.string().describe("in the archive"), reason: z.string().describe("why it was left out") }),
      )
      .describe(`the first ${limits.brokenImages} of them`),
  })
  .meta({
    id: "ImageSource",
    description: "How pictures became the images of a data set, and those that did not.",
  });

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
        "number_texts",
        "datetimes_found",
        "texts_found",
        "ambiguous_dates",
        "missing_words",
        "same_column",
        "one_to_one",
        "mostly_dates",
        "formatted_numbers",
        "many_texts",
        "id_like",
        "mostly_missing",
        "skewed",
        "far_values",
      ])
      .describe(
        "`datetimes_found`, `texts_found`: what the type was inferred from; `ambiguous_dates`: days and months may be mistaken for each other; `missing_words`: `NA` and the like in a column of categories, where they are categories; `same_column`: an earlier column has the same in every row; `one_to_one`: each of at most 100 values goes with one of an earlier column, and the other way round; `leading_zeros`, `large_integers` (beyond 2⁵³) and `exponent_codes` (1e3): texts that a number would not give back; `number_texts`: texts in the file that look like numbers; `mostly_numbers`, `mostly_dates`: some cell is none; `formatted_numbers`: thousands marks, units or signs of money; `many_texts`: too many categories for a feature; `id_like`, `mostly_missing` (more than half), `skewed`, `far_values`: of its values",
      ),
    message: z.string().describe("what it means and what to do about it"),
  })
  .meta({ id: "ColumnNote", description: "What is odd about a column." });

/** One column: its type and summary statistics over the whole file. */
export const Column = z
  .object({
    name: z.string().describe("as the file's header has it"),
    type: ColumnType.describe("inferred from the whole file, or as stated"),
    missing: z.int().describe("empty cells, and NA, NaN, null in a column of numbers or of dates"),
    distinct: z.int().nullable().describe("null when there are more than the limit on categories"),
    minimum: z.number().optional().describe("of the values of a number column"),
    minimumLine: z.int().optional().describe("line of the file where the minimum stands first; of one below 0 only"),
    maximum: z.number().optional().describe("of the values of a number column"),
    mean: z.number().optional().describe("of the values of a number column"),
    standardDeviation: z.number().optional().describe("n − 1 in the denominator"),
    categories: z
      .array(z.object({ value: z.string().describe("as in the file"), count: z.int().describe("cells that have it") }))
      .optional()
      .describe(
        "columns of categories, of dates and of texts, and of numbers with few distinct values: most frequent first",
      ),
    notes: z.array(ColumnNote).optional().describe("what is odd about it; left out where nothing is"),
    image: ImageShape.optional().describe("of an image column"),
    dates: DateRange.optional().describe("of a column of dates and times"),
    saysAs: z
      .string()
      .optional()
      .describe(
        "an earlier column that says the same: in every row the same cell, or one that always goes with this one's and no other",
      ),
  })
  .meta({ id: "Column", description: "A column: its type and statistics over the whole file." });

export const Delimiter = z.enum([",", ";", "\t", "|"]);
export const DecimalMark = z.enum([".", ","]);
export const DateOrder = z.enum(["day_first", "month_first"]);
export const CsvQuote = z.enum(['"', "'", "none"]);
export const MissingWords = z
  .array(z.string({ error: 'must be a text, in JSON in quotes: "-999"' }).min(1).max(64))
  .max(20)
  .describe("cells that are missing in every column, beside empty ones");
export const TextEncoding = z.enum(["utf-8", "utf-16le", "utf-16be", "windows-1252"]);
/** What a table may come as; it is kept as CSV. */
export const TableForm = z.enum(["csv", "ndjson", "parquet"]);

export const DatasetNote = z
  .object({
    code: z
      .enum([
        "delimiter_found",
        "decimal_found",
        "encoding_found",
        "converted",
        "columns_left_out",
        "header_numbers",
        "repeated_rows",
      ])
      .describe(
        "how the file was read, where that was not stated; `converted`: it came as another form, and is kept as CSV; `columns_left_out`: columns that have no form in a table; `header_numbers`: the first line, read as names, has numbers or dates and reads as a row; `repeated_rows`: more than one row of a hundred is the same as an earlier one (of the first 200,000), while most are like no other",
      ),
    message: z.string().describe("for people, with the way to say otherwise"),
  })
  .meta({ id: "DatasetNote", description: "What was found out about a file as a whole. `code` is stable." });

export const DatasetLabels = exactRecord(z.string().min(1).max(63), z.string().max(255))
  .refine((given) => Object.keys(given).length <= limits.labels, `at most ${limits.labels} labels`)
  .meta({ id: "DatasetLabels", description: "Key → value, of the user's own." });

/** A data set's manifest, as the API shows it and the artifact store keeps it beside the file. */
export const Dataset = z
  .object({
    id: DatasetId,
    name: z.string().describe("as given at the upload"),
    format: z.enum(["csv", "images"]).describe("a table, or pictures by label"),
    images: ImageSource.optional().describe("of a data set of images"),
    delimiter: Delimiter.optional().describe("what stands between two cells; left out: a comma"),
    decimal: DecimalMark.optional().describe("what stands before the decimals; left out: a point"),
    header: z.literal("absent").optional().describe("the file has no line of names; left out: it has"),
    quote: CsvQuote.optional().describe("what encloses cells, or `none`; left out: the double quote"),
    missingWords: MissingWords.optional().describe("left out: none was stated"),
    dates: DateOrder.optional().describe(
      "whether 03/04/2026 is the 3rd of April or the 4th of March; left out: it was not stated, and such cells are no dates",
    ),
    notes: z.array(DatasetNote).optional().describe("left out where there is nothing to say"),
    bytes: z.int().describe("of the stored file"),
    sha256: z.string().describe("of the stored file, in hexadecimal"),
    rows: z.int().describe("without the header"),
    columns: z.array(Column).describe("in the file's order"),
    types: z
      .lazy(() => ColumnTypes)
      .optional()
      .describe("of the columns whose type was stated; left out: all were inferred"),
    version: z
      .int()
      .optional()
      .describe("grows with each change of types; a job keeps the one that it was planned with. Left out: 1"),
    labels: DatasetLabels.optional().describe("left out: none"),
    createdAt: Timestamp,
  })
  .meta({ id: "Dataset", description: "A file that jobs learn from: its columns, types and statistics." });

/** Column types that the user states instead of letting them be inferred: `?types={"zip":"category"}`. */
export const ColumnTypes = exactRecord(z.string().min(1).max(limits.nameLength), ColumnType.exclude(["image"]));

export const UpdateDatasetRequest = z
  .strictObject({
    name: z.string().min(1).max(limits.nameLength).optional().describe("Its new name. Left out: it stays."),
    types: exactRecord(z.string().min(1).max(limits.nameLength), ColumnType.exclude(["image"]).nullable())
      .optional()
      .describe(
        "Column → type, or null to have it inferred again. The file is read once more. Left out: types stay, as do those of columns that are not named.",
      ),
    labels: DatasetLabels.optional().describe("All its labels from now on; {} for none. Left out: they stay."),
  })
  .meta({ id: "UpdateDatasetRequest", description: "What is to be changed of a data set." });

/** A raw cell as JSON carries it. */
export const Cell = z.union([z.string(), z.number(), z.boolean(), z.null()]);
export const Row = exactRecord(z.string(), Cell).meta({
  id: "Row",
  description: "Column → cell, raw, as in the data set; null is a missing one.",
});

export type DateCycle = z.infer<typeof DateCycle>;
export type DateRange = z.infer<typeof DateRange>;
export type ColumnType = z.infer<typeof ColumnType>;
export type Delimiter = z.infer<typeof Delimiter>;
export type DecimalMark = z.infer<typeof DecimalMark>;
export type DateOrder = z.infer<typeof DateOrder>;
export type CsvQuote = z.infer<typeof CsvQuote>;
export type TextEncoding = z.infer<typeof TextEncoding>;
export type TableForm = z.infer<typeof TableForm>;
export type DatasetNote = z.infer<typeof DatasetNote>;
export type ColumnNote = z.infer<typeof ColumnNote>;
export type ImageShape = z.infer<typeof ImageShape>;
export type ImageSource = z.infer<typeof ImageSource>;
export type Column = z.infer<typeof Column>;
export type UpdateDatasetRequest = z.infer<typeof UpdateDatasetRequest>;
export type Dataset = z.infer<typeof Dataset>;
export type Cell = z.infer<typeof Cell>;
export type Row = z.infer<typeof Row>;
