/** Numbers, times and names as people read them. Nothing here touches the document. */

const number = (options: Intl.NumberFormatOptions): Intl.NumberFormat => new Intl.NumberFormat("en", options);
const wholeNumber = number({ maximumFractionDigits: 0 });
const fourDigits = number({ maximumSignificantDigits: 4 });

/** Four significant digits; powers of ten outside 1e-4…1e7. */
export const formatNumber = (value: number): string => {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : value > 0 ? "∞" : "−∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return wholeNumber.format(value);
  const size = Math.abs(value);
  return size < 1e-4 || size >= 1e7 ? value.toExponential(2) : fourDigits.format(value);
};

/** How many there are of something: `1 row`, `2,000 rows`. */
export const formatCount = (count: number, one: string, several = `${one}s`): string =>
  `${formatNumber(count)} ${count === 1 ? one : several}`;

export const formatPercent = (share: number): string => `${(share * 100).toFixed(1)} %`;

export const formatBytes = (bytes: number): string => {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
};

export const formatSeconds = (seconds: number): string => {
  const s = Math.max(0, seconds);
  if (s < 9.95) return `${s.toFixed(1)} s`;
  const whole = Math.round(s);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};

/** "just now", "5 min ago", "3 h ago", then the date. */
export const formatAge = (iso: string, nowMs: number): string => {
  const s = (nowMs - Date.parse(iso)) / 1000;
  if (s < 5) return "just now";
  if (s < 60) return `${Math.floor(s)} s ago`;
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ago`;
  return iso.slice(0, 10);
};

const localDate = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short" });

/** The reader's local time as 2026-11-24 09:30. */
export const formatDate = (iso: string): string => localDate.format(new Date(iso));

/** `validationLoss` → "Validation loss", `testR2` → "Test R²". */
export const formatMetricName = (name: string): string => {
  const words = name
    .replace(/([A-Z][a-z]*|\d+)/g, " $1")
    .trim()
    .toLowerCase()
    .replace(/\br 2\b/g, "R²")
    .replace(/\bl (\d)\b/g, "l$1");
  return words.charAt(0).toUpperCase() + words.slice(1);
};

const shares = /(accuracy|precision|recall)$/i;

/** Shares as percentages, everything else as a number. */
export const formatMetric = (name: string, value: number): string =>
  shares.test(name) ? formatPercent(value) : formatNumber(value);

const byWeight = [
  ...["testAccuracy", "testR2", "validationAccuracy", "validationR2", "testLoss", "validationLoss"],
  "silhouette", // of clusters that were found in all rows
];

/** The number that says most about a job or a model: how good it is on data it has not seen. */
export const headline = (metrics: Record<string, number>): { name: string; value: number } | null => {
  for (const name of byWeight) {
    const value = metrics[name];
    if (value !== undefined) return { name, value };
  }
  return null;
};

/** At most so many letters, the last a "…" where some are left out. */
export const shorten = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most - 1)}…` : text;

/** "cross_entropy" → "cross entropy". */
export const formatWord = (word: string): string => word.replaceAll("_", " ");
