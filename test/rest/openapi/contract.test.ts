import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Schema } from "../../../src/rest/openapi/shape-schemas.ts";
import * as form from "../../../src/web/page/form/schema.ts";
import { startTestService, type TestService } from "../../usecases/service.ts";

interface Document {
  components: { schemas: Record<string, Schema> };
  paths: Record<string, Record<string, { parameters?: { name: string; description?: string }[] }>>;
}

let service: TestService;
let document: Document;
beforeAll(async () => {
  service = await startTestService();
  document = (await (await fetch(`${service.url}/openapi.json`)).json()) as Document;
});
afterAll(() => service.close());

interface Place {
  path: string;
  schema: Schema;
}

/** Every schema inside one, each with the way to it: `TrainingSpec.earlyStopping`. */
function* within(path: string, schema: Schema): Generator<Place> {
  yield { path, schema };
  for (const [name, part] of Object.entries(schema.properties ?? {})) yield* within(`${path}.${name}`, part);
  for (const way of [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])])
    yield* within(`${path}|${way.title ?? way.$ref ?? way.type}`, way);
  if (typeof schema.items === "object") yield* within(`${path}[]`, schema.items);
  if (typeof schema.additionalProperties === "object") yield* within(`${path}{}`, schema.additionalProperties);
}

const places = (): Place[] =>
  Object.entries(document.components.schemas).flatMap(([name, schema]) => [...within(name, schema)]);

/** What a schema says of itself; a name in place of it says what stands under that name. */
const descriptionOf = ({ description, $ref }: Schema): string | undefined =>
  description ?? ($ref === undefined ? undefined : document.components.schemas[$ref.split("/").at(-1)!]?.description);

describe("what programs are made from", () => {
  it("describes every schema: add .meta({ id, description }) to those listed here", () => {
    const silent = Object.entries(document.components.schemas).filter(([, { description }]) => !description);
    expect(silent.map(([name]) => name)).toEqual([]);
  });

  it("describes every property, with meaning, unit and how a default is chosen: add .describe() to those listed here", () => {
    const silent = places().flatMap(({ path, schema }) =>
      Object.entries(schema.properties ?? {})
        // What tells variants apart says what it is by its value.
        .filter(([, property]) => property.const === undefined && !descriptionOf(property))
        .map(([name]) => `${path}.${name}`),
    );
    expect(silent).toEqual([]);
  });

  it("describes every parameter: add .describe() to those listed here", () => {
    const silent = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { parameters = [] }]) =>
        parameters.filter(({ description }) => !description).map(({ name }) => `${method} ${path} ${name}`),
      ),
    );
    expect(silent).toEqual([]);
  });

  it("says how each optional part of a specification is chosen: `Left out: …`, or a default", () => {
    const names = new Set(["JobSpec", "StudySpec"]);
    for (const name of names) {
      for (const { schema } of within(name, document.components.schemas[name]!))
        if (schema.$ref !== undefined) names.add(schema.$ref.split("/").at(-1)!);
    }
    expect(names.size).toBeGreaterThan(50);
    const unsaid = [...names].flatMap((name) => {
      const { properties = {}, required = [] } = document.components.schemas[name] ?? {};
      return Object.entries(properties)
        .filter(([property]) => !required.includes(property))
        .filter(([, schema]) => schema.$ref === undefined && !/Left out|Default: /.test(schema.description ?? ""))
        .map(([property]) => `${name}.${property}`);
    });
    expect(unsaid).toEqual([]);
  });

  it("gives each way of a union a name: add .meta({ title }) or .meta({ id }) to those listed here", () => {
    const nameless = places().flatMap(({ path, schema }) =>
      [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]
        .filter(({ title, $ref }) => title === undefined && $ref === undefined)
        .map(() => path),
    );
    expect(nameless).toEqual([]);
  });

  it("names every type itself, and has no default that would make a property required", () => {
    expect(Object.keys(document.components.schemas).filter((name) => name.startsWith("__"))).toEqual([]);
    expect(places().filter(({ schema }) => "default" in schema)).toEqual([]);
  });

  it("tells events apart by their type", () => {
    const { oneOf = [] } = document.components.schemas.JobEvent!;
    expect(oneOf.map(({ $ref }) => $ref?.split("/").at(-1))).toEqual([
      ...["StateEvent", "ProgressEvent", "CheckpointEvent", "NoticeEvent"],
    ]);
  });
});

/** Lists of objects and maps of numbers or objects: written as JSON, with the schema's own words beside them. */
const jsonMembers = [
  ...["layers", "members", "categories", "unfreeze", "guesses", "space", "columns"],
  ...["layerFactors", "classWeights By class"],
];

describe("the page's form, which is made from this document", () => {
  const schemas = (): form.Schemas =>
    (document as unknown as { components: { schemas: form.Schemas } }).components.schemas;

  it.each(["JobSpec", "StudySpec"])("reaches every member of %s", (root) => {
    const known = schemas();
    const seen = new Map<form.Schema, string>();
    const asJson: string[] = [];
    const walk = (schema: form.Schema, pointer: string): void => {
      const whole = form.resolve(known, schema);
      const type = known[schema.$ref?.split("/").at(-1) ?? ""] ?? schema;
      if (seen.has(type)) return;
      seen.set(type, pointer);
      if (form.kindOf(known, whole) === "json") asJson.push(pointer);
      for (const [key, member] of Object.entries(whole.properties ?? {})) walk(member, `${pointer}/${key}`);
      for (const { schema: variant, title } of form.variantsOf(known, whole)) walk(variant, `${pointer} ${title}`);
    };
    walk({ $ref: `#/components/schemas/${root}` }, "");
    expect(seen.size).toBeGreaterThan(150);
    const names = [...new Set(asJson.map((pointer) => pointer.split("/").at(-1)))];
    expect(names.filter((name) => !jsonMembers.includes(name ?? ""))).toEqual([]);
  });

  it("a chosen variant begins with what it must have, and is known again", () => {
    const optimizer = form.resolve(schemas(), { $ref: "#/components/schemas/OptimizerSpec" });
    const variants = form.variantsOf(schemas(), optimizer);
    expect(variants.map(({ first }) => first)).toContainEqual({ type: "adam" });
    for (const [i, { first }] of variants.entries()) expect(form.variantOf(schemas(), variants, first)).toBe(i);
    const stopping = form.resolve(schemas(), schemas().TrainingSpec?.properties?.earlyStopping ?? {});
    const either = form.variantsOf(schemas(), stopping);
    expect(either[form.variantOf(schemas(), either, false)]?.title).toBe("Off");
    expect(either[form.variantOf(schemas(), either, { patience: 3 })]?.title).toBe("On");
    expect(form.firstOf(schemas(), { type: "integer", minimum: 2 })).toBe(2);
  });
});
