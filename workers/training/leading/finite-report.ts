import { Report, type ReportNote } from "../../../src/domain/models/report.ts";
import { toPointerSegment } from "../../../src/domain/pointer.ts";

type Path = readonly (string | number)[];

const toPointer = (path: Path): string => path.map((key) => `/${toPointerSegment(String(key))}`).join("");

/** Where a report has a number that is none of JSON's. */
export const unfinitePlaces = (value: unknown, path: Path = []): Path[] => {
  if (typeof value === "number") return Number.isFinite(value) ? [] : [path];
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((each, i) => unfinitePlaces(each, [...path, i]));
  return Object.entries(value).flatMap(([name, each]) => unfinitePlaces(each, [...path, name]));
};

const setNull = (root: unknown, path: Path): void => {
  const last = path.at(-1)!;
  const holder = path.slice(0, -1).reduce((at, key) => (at as Record<string | number, unknown>)?.[key], root);
  if (typeof holder === "object" && holder !== null) (holder as Record<string | number, unknown>)[last] = null;
};

/** A note names so many places. */
const mostNamed = 5;

/**
 * What is stored has finite numbers alone: JSON would make null of others without a word, and a report that could not be read. Null stands for each, or for the least part around it that may be null, and a note says
 * where and why. Throws, with the place, where no part may be.
 */
export const finiteReport = <T extends Report>(report: T): T => {
  const places = unfinitePlaces(report);
  if (places.length === 0) return report;
  const plain: unknown = JSON.parse(JSON.stringify(report));
  for (let round = 0; ; round++) {
    const parsed = Report.safeParse(plain);
    if (parsed.success) break;
    const [issue] = parsed.error.issues;
    const at = (issue?.path ?? []) as Path;
    if (at.length < 2 && round > 0) throw new Error(`the report has no finite number at ${toPointer(places[0]!)}`);
    setNull(plain, at.length > 1 ? at.slice(0, -1) : at);
    if (round > 1000) throw new Error(`the report has no finite numbers from ${toPointer(places[0]!)} on`);
  }
  const named = places.slice(0, mostNamed).map(toPointer).join(", ");
  const more = places.length > mostNamed ? ` and ${places.length - mostNamed} more` : "";
  const note: ReportNote = {
    code: "not_finite",
    message: `null stands at or about ${named}${more}: these figures of such data are beyond what a double holds; rescale the label or the columns`,
  };
  const kept = plain as T;
  return "notes" in kept ? { ...kept, notes: [...kept.notes, note] } : kept;
};
