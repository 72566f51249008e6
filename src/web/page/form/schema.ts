/** The contract's schemas, as a form goes through them. Nothing here touches the document. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** What JSON Schema says of a value, as far as the contract uses it. */
export interface Schema {
  $ref?: string;
  type?: string;
  title?: string;
  description?: string;
  const?: Json;
  enum?: readonly Json[];
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  oneOf?: readonly Schema[];
  anyOf?: readonly Schema[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  maxLength?: number;
}

/** By name: `components.schemas` of the contract. */
export type Schemas = Readonly<Record<string, Schema>>;

/** The schema itself; what is said beside a reference goes before what is said there. */
export const resolve = (schemas: Schemas, schema: Schema): Schema => {
  if (schema.$ref === undefined) return schema;
  const { $ref, ...beside } = schema;
  return { ...resolve(schemas, schemas[$ref.slice($ref.lastIndexOf("/") + 1)] ?? {}), ...beside };
};

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const asObject = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

/** With one key set, or, where the value is undefined, without it. */
export const withKey = (object: JsonObject, key: string, value: Json | undefined): JsonObject => {
  const { [key]: _, ...rest } = object;
  return value === undefined ? rest : key in object ? { ...object, [key]: value } : { ...rest, [key]: value };
};

/** How a value is asked for. */
export type Kind =
  | "choice"
  | "variants"
  | "object"
  | "boolean"
  | "number"
  | "text"
  | "numbers"
  | "texts"
  | "map"
  | "constant"
  | "json";

const scalarsOf = (schemas: Schemas, { items }: Schema): "numbers" | "texts" | null => {
  const type = items === undefined ? undefined : resolve(schemas, items).type;
  if (type === "number" || type === "integer") return "numbers";
  return type === "string" ? "texts" : null;
};

export const kindOf = (schemas: Schemas, schema: Schema): Kind => {
  if (schema.oneOf !== undefined || schema.anyOf !== undefined) return "variants";
  if (schema.const !== undefined) return "constant";
  if (schema.enum !== undefined) return "choice";
  if (schema.type === "boolean") return "boolean";
  if (schema.type === "number" || schema.type === "integer") return "number";
  if (schema.type === "string") return "text";
  if (schema.type === "array") return scalarsOf(schemas, schema) ?? "json";
  if (schema.properties !== undefined) return "object";
  if (typeof schema.additionalProperties === "object")
    return resolve(schemas, schema.additionalProperties).type === "string" ? "map" : "json";
  return "json";
};

export interface Variant {
  title: string;
  schema: Schema;
  /** What stands for it as soon as it is chosen. */
  first: Json;
}

/** The value with which a part begins: what it must have, and nothing else. */
export const firstOf = (schemas: Schemas, schema: Schema): Json => {
  const whole = resolve(schemas, schema);
  const kind = kindOf(schemas, whole);
  if (kind === "constant") return whole.const ?? null;
  if (kind === "choice") return whole.enum?.[0] ?? null;
  if (kind === "boolean") return true;
  if (kind === "number")
    return whole.minimum ?? (whole.exclusiveMinimum === undefined ? 1 : whole.exclusiveMinimum + 1);
  if (kind === "text") return "";
  if (kind === "numbers" || kind === "texts" || whole.type === "array") return [];
  if (kind === "variants") return firstOf(schemas, (whole.oneOf ?? whole.anyOf ?? [])[0] ?? {});
  return Object.fromEntries(
    (whole.required ?? []).map((name) => [name, firstOf(schemas, whole.properties?.[name] ?? {})]),
  );
};

export const variantsOf = (schemas: Schemas, schema: Schema): Variant[] =>
  (schema.oneOf ?? schema.anyOf ?? []).map((each) => {
    const whole = resolve(schemas, each);
    const type = whole.properties?.type?.const;
    const title = whole.title ?? (typeof type === "string" ? type : String(whole.const ?? whole.type ?? "value"));
    return { title, schema: whole, first: firstOf(schemas, whole) };
  });

const fits = (schemas: Schemas, schema: Schema, value: Json): boolean => {
  const whole = resolve(schemas, schema);
  const alternatives = whole.oneOf ?? whole.anyOf;
  if (alternatives !== undefined) return alternatives.some((each) => fits(schemas, each, value));
  if (whole.const !== undefined) return whole.const === value;
  if (whole.enum !== undefined) return whole.enum.includes(value);
  if (whole.type === "integer" || whole.type === "number") return typeof value === "number";
  if (whole.type === "array") return Array.isArray(value);
  if (whole.type === "string" || whole.type === "boolean") return typeof value === whole.type;
  if (!isObject(value)) return whole.type === undefined && whole.properties === undefined;
  const type = whole.properties?.type?.const;
  return (
    (type === undefined || type === value.type) && (whole.required ?? []).every((name) => Object.hasOwn(value, name))
  );
};

/** Which of the variants a value is; −1: none. */
export const variantOf = (schemas: Schemas, variants: readonly Variant[], value: Json): number =>
  variants.findIndex(({ schema }) => fits(schemas, schema, value));

/** `learningRate` → "Learning rate" */
export const titleOfKey = (key: string): string => {
  const words = key.replace(/([A-Z])/g, " $1").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
};
