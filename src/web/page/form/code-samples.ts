/** A specification as what sends it. Nothing here touches the document. */

import type { Json } from "./schema.ts";

export type Resource = "jobs" | "studies";
export type Language = "JSON" | "curl" | "TypeScript" | "Python";
export const languages: readonly Language[] = ["JSON", "curl", "TypeScript", "Python"];

/** Between single quotes of a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Keys that need no quotes are without, as people write them. */
const toTypeScript = (value: Json): string =>
  JSON.stringify(value, null, 2).replace(/^(\s*)"([A-Za-z_$][\w$]*)":/gm, "$1$2:");

const toPython = (value: Json, indent = ""): string => {
  const inner = `${indent}    `;
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const lines = Array.isArray(value)
    ? value.map((each: Json) => `${inner}${toPython(each, inner)},`)
    : Object.entries(value).map(([key, each]) => `${inner}${JSON.stringify(key)}: ${toPython(each as Json, inner)},`);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  return lines.length === 0 ? open + close : `${open}\n${lines.join("\n")}\n${indent}${close}`;
};

const curl = (url: string, resource: Resource, spec: Json, withKey: boolean): string =>
  [
    `curl ${url}/v1/${resource} \\`,
    ...(withKey ? ['  -H "authorization: Bearer $DESCENT_API_KEY" \\'] : []),
    "  -H 'content-type: application/json' \\",
    `  -d ${quoted(JSON.stringify(spec, null, 2))}`,
  ].join("\n");

const typeScript = (url: string, resource: Resource, spec: Json, withKey: boolean): string => {
  const key = withKey ? ", apiKey: process.env.DESCENT_API_KEY" : "";
  const asked =
    resource === "jobs"
      ? `const job = await descent.jobs.submit(${toTypeScript(spec)}).wait();\nconsole.log(job.state, job.model, job.metrics);`
      : `const study = await descent.studies.submit(${toTypeScript(spec)});\nconsole.log(await descent.studies.wait(study.id));`;
  // Apart, as a whole statement in here would be taken for one of this module's when its names are resolved.
  const library = JSON.stringify("descent/client");
  return `import { createDescent } from ${library};\n\nconst descent = createDescent({ url: ${JSON.stringify(url)}${key} });\n${asked}`;
};

const python = (url: string, resource: Resource, spec: Json, withKey: boolean): string => {
  const headers = `{"content-type": "application/json"${withKey ? ', "authorization": "Bearer " + os.environ["DESCENT_API_KEY"]' : ""}}`;
  return [
    `import json${withKey ? "\nimport os" : ""}`,
    "import urllib.request",
    "",
    `spec = ${toPython(spec)}`,
    "request = urllib.request.Request(",
    `    ${JSON.stringify(`${url}/v1/${resource}`)},`,
    "    data=json.dumps(spec).encode(),",
    `    headers=${headers},`,
    ")",
    "with urllib.request.urlopen(request) as answer:",
    '    print(json.load(answer)["id"])',
  ].join("\n");
};

export const toCode = (
  language: Language,
  { url, resource, spec, withKey }: { url: string; resource: Resource; spec: Json; withKey: boolean },
): string => {
  if (language === "JSON") return JSON.stringify(spec, null, 2);
  const write = { curl, TypeScript: typeScript, Python: python }[language];
  return write(url, resource, spec, withKey);
};
