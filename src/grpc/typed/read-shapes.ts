import type { z } from "zod";
import { JsonValue } from "../../domain/json-value.ts";
import {
  type ChoiceShape,
  type Field,
  type ForeignShape,
  type MessageShape,
  type Option,
  type ScalarType,
  type Shape,
  toCamel,
} from "./shape.ts";

/** What is read of a schema. */
interface Def {
  type: string;
  innerType?: z.ZodType;
  shape?: Record<string, z.ZodType>;
  options?: z.ZodType[];
  discriminator?: string;
  element?: z.ZodType;
  items?: z.ZodType[];
  valueType?: z.ZodType;
  entries?: Record<string, string>;
  values?: unknown[];
  format?: string;
  checks?: { _zod: { def: { check: string; minimum?: number; format?: string } } }[];
}

const defOf = (schema: z.ZodType): Def => schema._zod.def as unknown as Def;
const wrappers = new Set(["optional", "default", "prefault", "nullable", "readonly", "nonoptional"]);

/** Below what says whether it may be left out, and below a description of its own, with which a schema is another one, without an id. */
const bare = (schema: z.ZodType): z.ZodType => {
  const { type, innerType } = defOf(schema);
  if (wrappers.has(type) && innerType !== undefined) return bare(innerType);
  const parent = schema._zod.parent as z.ZodType | undefined;
  return schema.meta()?.id === undefined && parent?.meta()?.id !== undefined ? parent : schema;
};

const describe = (schema: z.ZodType): string => {
  const own = schema.meta()?.description;
  if (own !== undefined) return own;
  const { type, innerType } = defOf(schema);
  return wrappers.has(type) && innerType !== undefined ? describe(innerType) : "";
};

const toSnake = (text: string): string =>
  text
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[^A-Za-z0-9]+/g, "_")
    .toLowerCase();
const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
const idOf = (schema: z.ZodType): string | undefined => schema.meta()?.id;

const scalarTypeOf = (schema: z.ZodType): ScalarType | null => {
  if (schema === JsonValue) return "google.protobuf.Value";
  const def = defOf(schema);
  const values = def.values ?? Object.values(def.entries ?? {});
  switch (def.type) {
    case "string":
    case "enum":
      return "string";
    case "boolean":
      return "bool";
    case "number": {
      const whole = /int/.test(def.format ?? "") || def.checks?.some(({ _zod }) => /int/.test(_zod.def.format ?? ""));
      return whole === true ? "int64" : "double";
    }
    case "literal":
      if (values.every((value) => typeof value === "string")) return "string";
      if (values.every((value) => typeof value === "boolean")) return "bool";
      return values.every((value) => typeof value === "number") ? "int64" : null;
    default:
      return null;
  }
};

/** The one type of all, if they have one: integers may stand among numbers. */
const commonType = (types: readonly (ScalarType | null)[]): ScalarType | null => {
  const [first = null] = types;
  return types.every((type) => type === first) ? first : null;
};

/** The elements of what is a list of scalars, or the scalar itself. */
const elementsOf = (schema: z.ZodType): { types: (ScalarType | null)[]; isList: boolean } => {
  const def = defOf(schema);
  if (def.type === "tuple") return { types: (def.items ?? []).map((item) => scalarTypeOf(bare(item))), isList: true };
  if (def.type === "array" && def.element !== undefined)
    return { types: [scalarTypeOf(bare(def.element))], isList: true };
  return { types: [scalarTypeOf(schema)], isList: false };
};

/** Whether what is left out of a request is the empty list. */
const isEmptyByDefault = (schema: z.ZodType): boolean => {
  const { type, defaultValue } = schema._zod.def as unknown as { type: string; defaultValue?: unknown };
  return type === "default" && Array.isArray(defaultValue) && defaultValue.length === 0;
};

const requireAtLeastOne = (schema: z.ZodType, key: string): void => {
  const least = defOf(schema).checks?.find(({ _zod }) => _zod.def.check === "min_length")?._zod.def.minimum ?? 0;
  if (least < 1) throw new Error(`${key} may be empty, and an empty list says nothing on the wire: wrap it`);
};

/** Several words are one option: which of them is the schema's to say. */
const joined = (options: readonly Option[]): Option[] => {
  const byName = new Map<string, Option>();
  for (const option of options) {
    const before = byName.get(option.name);
    if (before === undefined) byName.set(option.name, option);
    else byName.set(option.name, { ...before, takes: (value) => before.takes(value) || option.takes(value) });
  }
  return [...byName.values()];
};

export interface ShapeOptions {
  /** Messages that stand elsewhere, by their schemas' ids. */
  foreign?: readonly ForeignShape[];
  /** Ids of schemas whose names other messages have → the name of the message. */
  names?: Readonly<Record<string, string>>;
  /** Never sent by a client: an empty list and null may be left out. */
  isAnswer?: boolean;
}

/** What has been read. */
interface World extends ShapeOptions {
  known: Map<z.ZodType, Shape>;
  messages: Map<string, MessageShape | ChoiceShape>;
}

const nameIn = (world: World, schema: z.ZodType): string | undefined => {
  const id = idOf(schema);
  return id === undefined ? undefined : (world.names?.[id] ?? id);
};

const named = <S extends MessageShape | ChoiceShape>(world: World, schema: z.ZodType, shape: S): S => {
  const other = world.messages.get(shape.name);
  if (other !== undefined && JSON.stringify(other) !== JSON.stringify(shape))
    throw new Error(`two schemas would be the message ${shape.name}: give one of them an id`);
  world.messages.set(shape.name, shape);
  world.known.set(schema, shape);
  return shape;
};

const wrapped = (world: World, name: string, inner: Shape, about: string): MessageShape => {
  const fields = [{ key: inner.kind === "map" ? "values" : "items", shape: inner, about: "" }];
  const shape: MessageShape = { kind: "message", name, about, fields, isWrapper: true };
  world.messages.set(name, shape);
  return shape;
};

const objectShape = (world: World, schema: z.ZodType, key: string, without: readonly string[] = []): MessageShape => {
  const name = nameIn(world, schema) ?? capital(key);
  const fields: Field[] = [];
  const shape: MessageShape = { kind: "message", name, about: describe(schema), fields, isWrapper: false };
  // Known before its fields are: one of them may hold the same again.
  world.known.set(schema, shape);
  for (const [each, value] of Object.entries(defOf(schema).shape ?? {})) {
    if (without.includes(each)) continue;
    if (defOf(bare(value)).type === "array" && world.isAnswer !== true && !isEmptyByDefault(value))
      requireAtLeastOne(bare(value), each);
    fields.push({ key: each, shape: shapeOf(world, value, each, name), about: describe(value) });
  }
  return named(world, schema, shape);
};

/** Of objects that say their type: one option for each, without that key. */
const byKey = (world: World, schema: z.ZodType, key: string, discriminator: string): ChoiceShape => {
  const options = (defOf(schema).options ?? []).map(bare).flatMap((option): Option[] => {
    const type = defOf(bare(defOf(option).shape?.[discriminator] ?? option));
    const values = (type.values ?? Object.values(type.entries ?? {})) as string[];
    const shape = world.known.get(option) ?? objectShape(world, option, key, [discriminator]);
    return values.map((name) => ({
      ...{ name, shape, about: describe(option), constant: undefined, type: name },
      takes: (value) => (value as Record<string, unknown> | null)?.[discriminator] === name,
    }));
  });
  const name = nameIn(world, schema) ?? `${capital(key)}Choice`;
  return named(world, schema, {
    kind: "choice",
    name,
    about: describe(schema),
    by: "key",
    key: discriminator,
    options,
  });
};

/** Of values of several forms: what is an object has its name, what is none the title that the OpenAPI document shows. */
const byForm = (world: World, schema: z.ZodType, key: string): ChoiceShape => {
  const name = nameIn(world, schema) ?? `${capital(key)}Choice`;
  const options = (defOf(schema).options ?? []).map(bare).map((option): Option => {
    const def = defOf(option);
    const says = def.shape?.type === undefined ? undefined : defOf(bare(def.shape.type));
    const type = says?.type === "literal" ? String(says.values?.[0]) : null;
    const takes = (value: unknown): boolean => option.safeParse(value).success;
    if (type !== null) {
      const shape = objectShape(world, option, key, ["type"]);
      return { name: type, shape, about: describe(option), constant: undefined, type, takes };
    }
    const isFalse = def.type === "literal" && def.values?.[0] === false;
    const constant = isFalse ? false : def.type === "null" ? null : undefined;
    const title = option.meta()?.title?.replace(/^(a|the) /i, "");
    const own = isFalse ? "off" : def.type === "literal" ? "word" : (idOf(option) ?? title ?? def.type);
    const inner: Shape = constant !== undefined ? { kind: "scalar", type: "bool" } : shapeOf(world, option, own, name);
    const isBare = inner.kind === "list" || inner.kind === "map";
    return {
      ...{ name: toSnake(own), constant, about: describe(option) },
      shape: isBare ? wrapped(world, `${name}${capital(toCamel(toSnake(own)))}`, inner, describe(option)) : inner,
      ...{ type, takes },
    };
  });
  return named(world, schema, {
    kind: "choice",
    name,
    about: describe(schema),
    by: "form",
    key: "type",
    options: joined(options),
  });
};

const unionShape = (world: World, schema: z.ZodType, key: string): Shape => {
  const options = (defOf(schema).options ?? []).map(bare);
  const parts = options.map(elementsOf);
  const type = commonType(parts.flatMap(({ types }) => types));
  if (type === null) return byForm(world, schema, key);
  const scalar: Shape = { kind: "scalar", type };
  if (!parts.some(({ isList }) => isList)) return scalar;
  return { kind: "list", of: scalar, single: parts.some(({ isList }) => !isList) };
};

const listShape = (world: World, schema: z.ZodType, key: string, parent: string): Shape => {
  const { element } = defOf(schema);
  if (element === undefined) throw new Error(`${key} is a list of nothing`);
  const inner = shapeOf(world, element, key, parent);
  if (inner.kind === "list" || inner.kind === "map") {
    const name = nameIn(world, element) ?? `${parent}${capital(key)}`;
    return { kind: "list", of: wrapped(world, name, inner, describe(element)), single: false };
  }
  return { kind: "list", of: inner, single: false };
};

const shapeOf = (world: World, outer: z.ZodType, key: string, parent: string): Shape => {
  const schema = bare(outer);
  const foreign = world.foreign?.find(({ name }) => name === idOf(schema));
  if (foreign !== undefined) return foreign;
  const seen = world.known.get(schema);
  if (seen !== undefined) return seen;
  const def = defOf(schema);
  const type = scalarTypeOf(schema);
  if (type !== null) return { kind: "scalar", type };
  switch (def.type) {
    case "object":
      return objectShape(world, schema, key);
    case "union":
      return def.discriminator === undefined
        ? unionShape(world, schema, key)
        : byKey(world, schema, key, def.discriminator);
    case "array":
      return listShape(world, schema, key, parent);
    case "tuple": {
      const of = commonType(elementsOf(schema).types);
      if (of === null) throw new Error(`${key} is a tuple of different things`);
      return { kind: "list", of: { kind: "scalar", type: of }, single: false };
    }
    case "record": {
      if (def.valueType === undefined) throw new Error(`${key} is a map of nothing`);
      return { kind: "map", of: shapeOf(world, def.valueType, key, parent) };
    }
    default:
      throw new Error(`${key} is a ${def.type}, for which the wire has no form`);
  }
};

/**
 * Reads schemas as shapes. Messages have the names that schemas have in the OpenAPI document; what has none there is called by its key. The
 * same schema is the same shape wherever it stands.
 */
export const createShapes = (options: ShapeOptions = {}) => {
  const world: World = { ...options, known: new Map(), messages: new Map() };
  return {
    of: (schema: z.ZodType, name: string): MessageShape | ChoiceShape => {
      const shape = shapeOf(world, schema, name, "");
      if (shape.kind !== "message" && shape.kind !== "choice") throw new Error(`${name} is no message`);
      return shape;
    },
    /** Every message that was needed, in the order of its first use's end: those inside come first. */
    all: (): (MessageShape | ChoiceShape)[] => [...world.messages.values()],
  };
};
