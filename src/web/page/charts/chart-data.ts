/** What a chart shows, as a table to take away. Nothing here touches the document. */

export type ChartCell = string | number | null | undefined;

export interface ChartData {
  columns: readonly string[];
  rows: readonly (readonly ChartCell[])[];
}

/** A text that a spreadsheet would take for a formula is kept from being one. */
const plain = (text: string): string => (/^[=+@\t\r]|^-[^\d.]/.test(text) ? `'${text}` : text);

const toField = (cell: ChartCell): string => {
  if (cell === null || cell === undefined) return "";
  if (typeof cell === "number") return String(cell);
  const text = plain(cell);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** RFC 4180: CRLF, quotes where they are needed, numbers in full. */
export const toCsv = ({ columns, rows }: ChartData): string =>
  [columns, ...rows].map((row) => `${row.map(toField).join(",")}\r\n`).join("");

/** "Best so far" → "best-so-far.csv" */
export const toFileName = (title: string): string =>
  `${
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, "-")
      .replace(/^-|-$/g, "") || "chart"
  }.csv`;
