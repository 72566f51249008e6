import { z } from "zod";

type Schema = z.core.$ZodType;
type Path = readonly PropertyKey[];

const mostPlaces = 3;
/** Deeper down are layers within layers, each of a kind of its own: looking around there costs more than it tells. */
const deepest = 4;

/** The schema below optional, default, nullable and pipes. */
const unwrap = (schema: Schema): Schema => {
  let current = schema;
  for (;;) {
    if (
      current instanceof z.ZodOptional ||
      current instanceof z.ZodDefault ||
      current instanceof z.ZodPrefault ||
      current instanceof z.ZodNullable
    ) {
      current = current._zod.def.innerType;
    } else if (current instanceof z.ZodPipe) {
      current = current._zod.def.in;
    } else {
      return current;
    }
  }
};

const property = (value: unknown, key: PropertyKey): unknown =>
  typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;

/** All object schemas that a value at this place could be meant as: for a tagged union the one whose tag the value bears. */
const objectsAt = (schema: Schema, value: unknown): z.ZodObject[] => {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject) return [inner];
  if (inner instanceof z.ZodUnion) {
    const options = inner._zod.def.options.flatMap((option) => objectsAt(option, value));
    const tagged = options.filter((option) => {
      const type = option.shape.type;
      return type !== undefined && z.safeParse(type, property(value, "type")).success;
    });
    return tagged.length > 0 ? tagged : options;
  }
  return [];
};

const childrenAt = (schema: Schema, key: PropertyKey, value: unknown): Schema[] => {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodArray) return [inner._zod.def.element];
  if (inner instanceof z.ZodRecord) return [inner._zod.def.valueType];
  if (inner instanceof z.ZodUnion) {
    const arrays = inner._zod.def.options.map(unwrap).filter((option) => option instanceof z.ZodArray);
    if (arrays.length > 0 && Array.isArray(value)) return arrays.map((option) => option._zod.def.element);
  }
  return objectsAt(inner, value).flatMap((object) => {
    const child = object.shape[key as string];
    return child === undefined ? [] : [child];
  });
};

/** The keys that an object at `path` of `input` may have: to name the nearest one when a key is unknown. */
export const knownKeysAt = (schema: Schema, path: Path, input: unknown): string[] => {
  let schemas: Schema[] = [schema];
  let value = input;
  for (const key of path) {
    schemas = schemas.flatMap((candidate) => childrenAt(candidate, key, value));
    value = property(value, key);
  }
  const keys = schemas
    .flatMap((candidate) => objectsAt(candidate, value))
    .flatMap((object) => Object.keys(object.shape));
  return [...new Set(keys)];
};

/**
 * Where else an object of the schema has this key: in a part beside `path`, or in an object around it, the nearest first; as a path from the root.
 * Empty if nowhere, or if as good as everywhere.
 */
export const placesOf = (schema: Schema, path: Path, key: string, input: unknown): string[] => {
  if (path.length > deepest) return [];
  for (let depth = path.length; depth >= 0; depth--) {
    const around = path.slice(0, depth);
    const known = knownKeysAt(schema, around, input);
    const places = known.includes(key) ? [[...around, key]] : [];
    for (const part of known) {
      if (knownKeysAt(schema, [...around, part], input).includes(key)) places.push([...around, part, key]);
    }
    if (places.length > 0) return places.length > mostPlaces ? [] : places.map((place) => place.join("."));
  }
  return [];
};
