export type CsvCell = string | number | boolean | null;

/** A cell as RFC 4180 writes it, quoted too where readers would cut its blanks off; null is a missing one. */
const cellOf = (value: CsvCell): string => {
  if (value === null) return "";
  const text = String(value);
  if (typeof value === "number") return text;
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** A record with its line end. That of one missing cell is written `""`, since a blank line is none. */
export const csvRecord = (cells: readonly CsvCell[]): string => {
  const [only] = cells;
  if (cells.length === 1 && (only === null || only === "")) return '""\n';
  return `${cells.map(cellOf).join(",")}\n`;
};
