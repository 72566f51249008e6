export type CsvCell = string | number | boolean | null;

/** A quoted cell where RFC 4180 wants one. */
const cellOf = (value: CsvCell): string => {
  if (value === null) return "";
  const text = String(value);
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

export const csvLine = (cells: readonly CsvCell[]): string => `${cells.map(cellOf).join(",")}\n`;
