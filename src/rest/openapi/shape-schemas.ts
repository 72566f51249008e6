/** The part of JSON Schema that the document uses. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  propertyNames?: Schema;
  items?: Schema | boolean;
  prefixItems?: Schema[];
  minItems?: number;
  maxItems?: number;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
}

const withStop = (text: string): string => (/[.!?:]$/.test(text) ? text : `${text}.`);

/**
 * A default is told in words: generators take a property with one for always there, also in what clients send, and would ask for all of them.
 */
const tellDefault = (schema: Schema): void => {
  if (!("default" in schema)) return;
  const { default: value, description } = schema;
  delete schema.default;
  const hasParts = schema.$ref !== undefined && JSON.stringify(value) === "{}";
  const told = `Default: ${hasParts ? "that of each part" : `\`${JSON.stringify(value)}\``}.`;
  schema.description = description === undefined ? told : `${withStop(description)} ${told}`;
};

/** Linters and generators know lists better than tuples: the entries of ours are alike. */
const tupleToList = (schema: Schema): void => {
  const [first] = schema.prefixItems ?? [];
  if (schema.prefixItems === undefined || first === undefined) return;
  const { length } = schema.prefixItems;
  delete schema.prefixItems;
  Object.assign(schema, { items: first, minItems: length, maxItems: length });
};

const titleOf = ({ const: only, type, enum: values }: Schema): string | undefined => {
  if (only !== undefined) return only === false ? "Off" : String(only);
  if (values !== undefined) return "One of a list";
  const names: Record<string, string> = {
    ...{ string: "Text", integer: "Whole number", number: "Number", boolean: "Yes or no", null: "Nothing" },
    ...{ array: "List", object: "Object" },
  };
  return typeof type === "string" ? names[type] : undefined;
};

/** Each way of a union has a name that forms and documents can show. */
const titleWays = (schema: Schema): void => {
  for (const way of schema.anyOf ?? schema.oneOf ?? []) {
    if (way.$ref !== undefined) continue;
    const title = way.title ?? titleOf(way);
    if (title !== undefined) way.title = title;
  }
};

const partsOf = (schema: Schema): Schema[] =>
  [
    ...Object.values(schema.properties ?? {}),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    ...(schema.allOf ?? []),
    ...[schema.items, schema.additionalProperties].filter((part) => typeof part === "object"),
  ] as Schema[];

/** What refers to itself cannot be written as an alias in TypeScript: inside itself it is any value. */
export const breakCircle = (name: string, schema: Schema): void => {
  for (const part of partsOf(schema)) {
    if (part.$ref?.endsWith(`/${name}`) !== true) breakCircle(name, part);
    else {
      delete part.$ref;
      part.description = `${name}, once more`;
    }
  }
};

/** Reshapes a schema of the document, with all that is inside it, for those who read it by program. */
export const shapeSchema = (schema: Schema): void => {
  tellDefault(schema);
  tupleToList(schema);
  titleWays(schema);
  // zod's generator says of every record that its keys are texts, which JSON's are.
  if (schema.propertyNames?.type === "string" && Object.keys(schema.propertyNames).length === 1)
    delete schema.propertyNames;
  for (const part of partsOf(schema)) shapeSchema(part);
};
