import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";

const chart = join(import.meta.dirname, "../../docker/chart");
const read = (name: string): string => readFileSync(join(chart, name), "utf8");

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Record<string, string> };
  spec: unknown;
}

type Context = Record<string, unknown>;

/** `.a.b` in what a loop is at, or outside of one in the whole; `$.a.b` always in the whole. */
const lookUp = (path: string, context: Context): unknown => {
  let value: unknown = path.startsWith("$") ? context.$ : context;
  for (const name of path.split(".").slice(1)) {
    if (typeof value !== "object" || value === null || !(name in value))
      throw new Error(`the chart has no value ${path}`);
    value = (value as Record<string, unknown>)[name];
  }
  return value;
};

/** The part of Helm's language that the chart keeps to: a value, quoted if asked, a sum, and loops. Anything else is refused. */
const evaluate = (expression: string, context: Context): string => {
  const [, path, filter] = /^(\$?\.[\w.]+)(?: \| (quote))?$/.exec(expression) ?? [];
  if (path !== undefined) {
    const value = lookUp(path, context);
    return filter === "quote" ? JSON.stringify(String(value)) : String(value);
  }
  const [, term, plus] = /^add (\$?\.[\w.]+) (\d+)$/.exec(expression) ?? [];
  if (term === undefined) throw new Error(`{{ ${expression} }} is more than this renderer knows`);
  return String(Number(lookUp(term, context)) + Number(plus));
};

const fill = (text: string, context: Context): string =>
  text.replace(/\{\{ (.+?) \}\}/g, (_all, each: string) => evaluate(each, context));

const loop = /\s*\{\{- range (\S+) \}\}([\s\S]*?)\s*\{\{- end \}\}/g;

/** What `helm template` makes of the chart with its own values, but for those that are given. */
export const renderChart = (values: object = {}): Manifest[] => {
  const whole = {
    Values: { ...parse(read("values.yaml")), ...values },
    Release: { Name: "jobs", Namespace: "training" },
    Chart: parse(read("Chart.yaml")),
  };
  const context = { ...whole, $: whole };
  return readdirSync(join(chart, "templates")).flatMap((name) => {
    const unrolled = read(`templates/${name}`).replace(loop, (_all, path: string, body: string) =>
      (lookUp(path, context) as Context[]).map((item) => fill(body, { ...item, $: whole })).join(""),
    );
    const text = fill(unrolled, context);
    if (text.includes("{{")) throw new Error(`${name}: ${text.slice(text.indexOf("{{"), text.indexOf("{{") + 40)}`);
    return parseAllDocuments(text).map((document): Manifest => {
      if (document.errors.length > 0) throw new Error(`${name}: ${document.errors[0]?.message}`);
      return document.toJS();
    });
  });
};
