import type { SchemaElement } from "hyparquet";
import { parquetFault } from "./parquet-error.ts";

/** Writes a value of a column as a cell; null is a missing one. Values as the decoder gives them where it converts nothing. */
export type CellText = (value: unknown) => string | null;

/** Scaled integers without rounding: 1230 with two decimals is 12.30. */
const decimalText = (value: bigint, scale: number): string => {
  if (scale === 0) return String(value);
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, "0");
  return `${value < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
};

/** Two's complement, the highest byte first. */
const toInteger = (bytes: Uint8Array): bigint => {
  const hex = Buffer.from(bytes).toString("hex");
  return hex === "" ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`));
};

const pad = (value: bigint | number, width: number): string => String(value).padStart(width, "0");

const floorDivide = (value: bigint, by: bigint): bigint => (value - (((value % by) + by) % by)) / by;

const dateText = (days: bigint): string => {
  const date = new Date(Number(days) * 86_400_000);
  if (Number.isNaN(date.getTime())) throw parquetFault(`${days} days from 1970 is no date`);
  return date.toISOString().split("T")[0]!;
};

const fraction = (units: bigint, width: number): string => {
  const digits = pad(units, width).replace(/0+$/, "");
  return digits === "" ? "" : `.${digits}`;
};

const perSecond = { MILLIS: 3, MICROS: 6, NANOS: 9 } as const;
type Unit = keyof typeof perSecond;

const clockText = (units: bigint, unit: Unit): string => {
  const width = perSecond[unit];
  const scale = 10n ** BigInt(width);
  const seconds = units / scale;
  const clock = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n].map((part) => pad(part, 2)).join(":");
  return `${clock}${fraction(units % scale, width)}`;
};

/** ISO 8601; with Z where the file says that it is a point in time. */
const momentText = (units: bigint, unit: Unit, isUtc: boolean): string => {
  const perDay = 86_400n * 10n ** BigInt(perSecond[unit]);
  const days = floorDivide(units, perDay);
  return `${dateText(days)}T${clockText(units - days * perDay, unit)}${isUtc ? "Z" : ""}`;
};

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const bytesText = (value: unknown): string => {
  if (!(value instanceof Uint8Array)) return String(value);
  try {
    return decoder.decode(value);
  } catch (cause) {
    throw parquetFault("a value is no text in UTF-8; leave the column out, or write it as text", cause);
  }
};

const toBigInt = (value: unknown): bigint =>
  value instanceof Uint8Array ? toInteger(value) : BigInt(value as number | bigint);

const present =
  (write: (value: unknown) => string | null): CellText =>
  (value) =>
    value === null || value === undefined ? null : write(value);

const ofNumber = present((value) => (Number.isNaN(value) ? null : String(value)));

const momentOf = ({ converted_type, logical_type }: SchemaElement): CellText | null => {
  if (logical_type?.type === "TIMESTAMP") {
    const { unit, isAdjustedToUTC } = logical_type;
    return present((value) => momentText(toBigInt(value), unit, isAdjustedToUTC));
  }
  if (logical_type?.type === "TIME") return present((value) => clockText(toBigInt(value), logical_type.unit));
  switch (converted_type) {
    case "TIMESTAMP_MILLIS":
      return present((value) => momentText(toBigInt(value), "MILLIS", true));
    case "TIMESTAMP_MICROS":
      return present((value) => momentText(toBigInt(value), "MICROS", true));
    case "TIME_MILLIS":
      return present((value) => clockText(toBigInt(value), "MILLIS"));
    case "TIME_MICROS":
      return present((value) => clockText(toBigInt(value), "MICROS"));
    default:
      return null;
  }
};

/** How the values of a leaf are written, and whether they are texts; or why they cannot be. */
export interface LeafForm {
  text: CellText;
  isText: boolean;
  /** The decoder is not to convert them: it would round. */
  raw: boolean;
}

/** Why a column of bytes is left out. */
export const noText = "it holds bytes that are no text";

const isAny = (element: SchemaElement, ...names: string[]): boolean =>
  names.includes(element.converted_type ?? "") || names.includes(element.logical_type?.type ?? "");

/** Bytes of which the file does not say what they are. */
export const isUnsaid = (element: SchemaElement): boolean =>
  element.type === "BYTE_ARRAY" && element.converted_type === undefined && element.logical_type === undefined;

export const leafForm = (element: SchemaElement): LeafForm | { reason: string } => {
  const { type } = element;
  if (isAny(element, "BSON", "INTERVAL", "GEOMETRY", "GEOGRAPHY", "VARIANT"))
    return { reason: `it holds ${(element.logical_type?.type ?? element.converted_type ?? "").toLowerCase()} values` };
  if (isAny(element, "DECIMAL")) {
    const scale = element.scale ?? (element.logical_type?.type === "DECIMAL" ? element.logical_type.scale : 0);
    if (!(scale >= 0 && scale <= 100)) return { reason: `its decimals have a scale of ${scale}` };
    return { text: present((value) => decimalText(toBigInt(value), scale)), isText: false, raw: true };
  }
  const moment = momentOf(element);
  if (moment !== null) return { text: moment, isText: false, raw: true };
  if (isAny(element, "DATE")) return { text: present((value) => dateText(toBigInt(value))), isText: false, raw: true };
  if (type === "BYTE_ARRAY") return { text: present(bytesText), isText: true, raw: true };
  if (isAny(element, "UUID")) return { text: present(String), isText: true, raw: false };
  if (type === "FIXED_LEN_BYTE_ARRAY" && !isAny(element, "FLOAT16")) return { reason: noText };
  if (type === "BOOLEAN") return { text: present(String), isText: false, raw: false };
  return { text: ofNumber, isText: false, raw: false };
};

/** Nanoseconds since 1970, which is what the decoder makes of INT96. */
export const nanosText = (nanos: bigint): string => momentText(nanos, "NANOS", false);

/** A list or a map as JSON. */
export const jsonText: CellText = present((value) =>
  JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner === "bigint") {
      const whole = Number(inner);
      return Number.isSafeInteger(whole) ? whole : String(inner);
    }
    return inner instanceof Uint8Array ? bytesText(inner) : inner;
  }),
);
