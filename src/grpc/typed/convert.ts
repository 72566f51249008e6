import { isDeepStrictEqual } from "node:util";
import { invalidAt } from "../../domain/errors.ts";
import { type ChoiceShape, type MessageShape, type Shape, toCamel } from "./shape.ts";

type Wire = Record<string, unknown>;

const isAbsent = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (Array.isArray(value) && value.length === 0) ||
  (typeof value === "object" &&
    !Array.isArray(value) &&
    Object.getPrototypeOf(value) === null &&
    Object.keys(value).length === 0);

const present = (entries: readonly (readonly [string, unknown])[]): Record<string, unknown> =>
  Object.fromEntries(entries.filter(([, value]) => value !== undefined));

/** A part of a specification as the messages before the typed ones had it: JSON, entry by entry. */
const untyped = (message: Wire): Wire | null => {
  const { fields, structValue } = message as { fields?: Wire; structValue?: Wire };
  const raw = fields ?? structValue;
  return raw === undefined || Object.keys(raw).length === 0 ? null : raw;
};

/** The JSON value that a message stands for; unchecked, as a body is. @param at the pointer to it */
export const fromWire = (shape: Shape, value: unknown, at: string): unknown => {
  switch (shape.kind) {
    case "scalar":
      return value;
    case "list": {
      const list = (value as unknown[]).map((entry, i) => fromWire(shape.of, entry, `${at}/${i}`));
      return shape.single && list.length === 1 ? list[0] : list;
    }
    case "map":
      return Object.fromEntries(
        Object.entries(value as Wire).map(([key, entry]) => [key, fromWire(shape.of, entry, `${at}/${key}`)]),
      );
    case "foreign":
      return shape.fromWire(value);
    case "message":
      return fromMessage(shape, value as Wire, at);
    case "choice":
      return fromChoice(shape, value as Wire, at);
  }
};

const fromMessage = ({ fields, isWrapper }: MessageShape, message: Wire, at: string): unknown => {
  const raw = untyped(message);
  if (isWrapper) {
    const [{ key, shape }] = fields as [MessageShape["fields"][number]];
    return fromWire(shape, message[key], at);
  }
  const typed = present(
    fields.map(({ key, shape }) => {
      const given = message[key];
      const isGiven = shape.kind === "map" ? Object.keys((given ?? {}) as Wire).length > 0 : !isAbsent(given);
      return [key, isGiven ? fromWire(shape, given, `${at}/${key}`) : undefined] as const;
    }),
  );
  return oneForm(raw, Object.keys(typed).length === 0 ? null : typed, at) ?? {};
};

/** Without what says nothing, which one form states and the other cannot. */
const told = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(told);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, entry]) => [key, told(entry)] as const);
  return Object.fromEntries(
    entries.filter(
      ([, entry]) =>
        entry !== undefined &&
        entry !== null &&
        !(typeof entry === "object" && Object.keys(entry as object).length === 0),
    ),
  );
};

/** What is given twice, as answers give it, must say the same. */
const oneForm = (raw: Wire | null, typed: Wire | null, at: string): Wire | null => {
  if (raw !== null && typed !== null && !isDeepStrictEqual(told(raw), told(typed)))
    throw invalidAt(at, "is given twice, and `fields` says otherwise than the fields of its own; clear one of them");
  return raw ?? typed;
};

const fromChoice = ({ by, key, options }: ChoiceShape, message: Wire, at: string): unknown => {
  const kind = message.kind as { $case: string; value: unknown } | undefined;
  const raw = untyped(message);
  if (kind === undefined) return raw ?? (by === "key" || "structValue" in message ? {} : undefined);
  const option = options.find(({ name }) => toCamel(name) === kind.$case);
  if (option === undefined) return raw ?? undefined;
  const value = fromWire(option.shape, kind.value, at);
  if (option.type !== null) return oneForm(raw, { [key]: option.type, ...(value as Wire) }, at);
  if (option.constant === false) return value !== true;
  if (option.constant === null) return null;
  return raw === null ? value : oneForm(raw, value as Wire, at);
};

/** The message for a JSON value that the schema has accepted. */
export const toWire = (shape: Shape, value: unknown): unknown => {
  switch (shape.kind) {
    case "scalar":
      return value;
    case "list":
      return [value].flat().map((entry) => toWire(shape.of, entry));
    case "map":
      return Object.fromEntries(Object.entries(value as Wire).map(([key, entry]) => [key, toWire(shape.of, entry)]));
    case "foreign":
      return shape.toWire(value);
    case "message":
      return toMessage(shape, value);
    case "choice": {
      const option = shape.options.find(({ takes }) => takes(value));
      if (option === undefined) return { kind: undefined };
      const kind = {
        $case: toCamel(option.name),
        value: option.constant === undefined ? toWire(option.shape, value) : true,
      };
      return { kind };
    }
  }
};

const nothing = (shape: Shape): unknown => (shape.kind === "list" ? [] : shape.kind === "map" ? {} : undefined);

/** Null says nothing where it is not one of the choices. */
const says = (shape: Shape, value: unknown): boolean =>
  value === null
    ? shape.kind === "choice" && shape.options.some(({ constant }) => constant === null)
    : value !== undefined;

const toMessage = ({ fields, isWrapper }: MessageShape, value: unknown): Wire =>
  Object.fromEntries(
    fields.map(({ key, shape }) => {
      const own = isWrapper ? value : (value as Wire)[key];
      return [key, says(shape, own) ? toWire(shape, own) : nothing(shape)];
    }),
  );
