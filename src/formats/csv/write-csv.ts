/** A cell as RFC 4180 writes it; null is a missing one. */
const cellOf = (text: string | null): string => {
  if (text === null) return "";
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** A record with its line end. That of one missing cell is written `""`, since a blank line is none. */
export const csvRecord = (cells: readonly (string | null)[]): string => {
  const [only] = cells;
  if (cells.length === 1 && (only === null || only === "")) return '""\n';
  return `${cells.map(cellOf).join(",")}\n`;
};
