import { z } from "zod";
import { JobSpec } from "../domain/jobs/spec/job-spec.ts";

/** The part of JSON Schema that the specification uses. */
interface Schema {
  $ref?: string;
  type?: string;
  title?: string;
  description?: string;
  const?: unknown;
  enum?: readonly unknown[];
  default?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minItems?: number;
  maxItems?: number;
  properties?: Record<string, Schema>;
  required?: readonly string[];
  items?: Schema;
  prefixItems?: readonly Schema[];
  additionalProperties?: Schema | boolean;
  anyOf?: readonly Schema[];
  oneOf?: readonly Schema[];
}

const nameOf = (ref: string): string => ref.split("/").at(-1) ?? "";
const slugOf = (name: string): string => name.toLowerCase();
const code = (value: unknown): string => `\`${JSON.stringify(value)}\``;
const waysOf = ({ oneOf, anyOf }: Schema): readonly Schema[] => oneOf ?? anyOf ?? [];

const typeNames: Readonly<Record<string, string>> = {
  ...{ string: "text", integer: "whole number", number: "number", boolean: "true or false", object: "object" },
};

/** JavaScript's own bounds of a number are no bounds of ours. */
const isBound = (value: number | undefined): value is number =>
  value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER;

const boundsOf = ({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Schema): string => {
  const least = isBound(minimum) ? `≥ ${minimum}` : isBound(exclusiveMinimum) ? `> ${exclusiveMinimum}` : "";
  const most = isBound(maximum) ? `≤ ${maximum}` : isBound(exclusiveMaximum) ? `< ${exclusiveMaximum}` : "";
  return [least, most].filter((bound) => bound !== "").join(", ");
};

/** What a value looks like, in few words, with links to what has a section of its own. */
const shapeOf = (schema: Schema, hasSection: (name: string) => boolean): string => {
  const inner = (part: Schema): string => shapeOf(part, hasSection);
  if (schema.$ref !== undefined) {
    const name = nameOf(schema.$ref);
    return hasSection(name) ? `[${name}](#${slugOf(name)})` : name;
  }
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(code).join(", ");
  const ways = waysOf(schema);
  if (ways.length > 0) return ways.map(inner).join(" or ");
  if (schema.prefixItems !== undefined) return `[${schema.prefixItems.map(inner).join("; ")}]`;
  if (schema.type === "array") return `list of ${inner(schema.items ?? {})}`;
  if (schema.type === "object" && typeof schema.additionalProperties === "object")
    return `object of ${inner(schema.additionalProperties)}`;
  const bounds = boundsOf(schema);
  const type = typeNames[schema.type ?? ""] ?? "JSON";
  return bounds === "" ? type : `${type} ${bounds}`;
};

/** A pipe would end a table's cell. */
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

const tableOf = ({ properties = {}, required = [] }: Schema, all: Defs): string => {
  const hasSection = (name: string): boolean =>
    all[name]?.properties !== undefined || waysOf(all[name] ?? {}).length > 0;
  const rows = Object.entries(properties).map(([name, schema]) => {
    const description =
      schema.description ?? (schema.$ref === undefined ? "" : all[nameOf(schema.$ref)]?.description) ?? "";
    const isEmpty = JSON.stringify(schema.default) === "{}";
    const fallback = required.includes(name)
      ? "required"
      : schema.default === undefined || isEmpty
        ? ""
        : code(schema.default);
    return `| \`${name}\` | ${cell(shapeOf(schema, hasSection))} | ${cell(fallback)} | ${cell(description)} |`;
  });
  if (rows.length === 0) return "";
  return ["| key | value | default | meaning |", "| --- | --- | --- | --- |", ...rows].join("\n");
};

type Defs = Readonly<Record<string, Schema>>;

const sectionOf = (name: string, schema: Schema, all: Defs): string => {
  const ways = waysOf(schema);
  const isSection = (way: Schema): boolean => way.$ref !== undefined;
  const choices =
    ways.length === 0
      ? []
      : [
          ways
            .map((way) => {
              const part = way.$ref === undefined ? way : (all[nameOf(way.$ref)] ?? {});
              const only = part.properties?.type;
              const value = only?.const ?? only?.enum?.[0];
              const shown = value === undefined ? shapeOf(way, () => true) : code(only?.enum?.join(" | ") ?? value);
              const link = isSection(way) ? ` ([${nameOf(way.$ref ?? "")}](#${slugOf(nameOf(way.$ref ?? ""))}))` : "";
              return `- ${shown}${value === undefined ? "" : link}${part.description === undefined ? "" : `: ${part.description}`}`;
            })
            .join("\n"),
        ];
  return [`## ${name}`, schema.description ?? "", ...choices, tableOf(schema, all)]
    .filter((part) => part !== "")
    .join("\n\n");
};

/** The reference of the JobSpec in Markdown, from the schemas that check it: it says what they say. */
export const specificationPage = (): string => {
  const { $defs } = z.toJSONSchema(JobSpec, { io: "input", unrepresentable: "any" }) as { $defs: Defs };
  const sections = Object.entries($defs)
    .filter(([, schema]) => schema.properties !== undefined || waysOf(schema).length > 0)
    .map(([name, schema]) => sectionOf(name, schema, $defs));
  const introduction = `# Specification

What a job may say, from the schemas that check it: every key with its values, its default and its meaning. A key without a default says in its meaning how it is chosen when it is left out; the job's record, and
\`POST /v1/jobs/plan\` before it, show what was chosen. Unknown keys are errors.`;
  return `${[introduction, ...sections].join("\n\n")}\n`;
};
