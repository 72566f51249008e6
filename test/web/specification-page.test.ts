import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { JobSpec } from "../../src/domain/jobs/spec/job-spec.ts";
import { TrainingSpec } from "../../src/domain/jobs/spec/parts/training-spec.ts";
import { specificationPage } from "../../src/web/specification-page.ts";

const page = specificationPage();
const sections = new Map(page.split(/^## /m).map((section) => [section.split("\n")[0] ?? "", section]));

test("the reference has a row for every key of the specification, with its default and its meaning", () => {
  for (const [name, schema] of [
    ["JobSpec", JobSpec],
    ["TrainingSpec", TrainingSpec],
  ] as const)
    for (const key of Object.keys(schema.shape))
      expect(sections.get(name), key).toMatch(new RegExp(`^\\| \`${key}\` \\| .+ \\| .* \\| .{10,} \\|$`, "m"));
  expect(sections.get("TrainingSpec")).toMatch(/^\| `seed` \| whole number ≥ 0 \| `42` \| Of everything random/m);
});

test("what is one of several says which, with the formula of each", () => {
  expect(sections.get("ModelSpec")).toContain('- `"softmax"` ([SoftmaxModel](#softmaxmodel)): P(j) = e^zⱼ / Σ e^z');
});

test("each link leads to a section", () => {
  const links = [...page.matchAll(/\]\(#([\w-]+)\)/g)].map(([, slug]) => slug ?? "");
  expect(links.length).toBeGreaterThan(50);
  const slugs = new Set([...sections.keys()].map((name) => name.toLowerCase()));
  expect([...new Set(links)].filter((slug) => !slugs.has(slug))).toEqual([]);
});

test("the page for those who come from elsewhere names keys and models that there are", () => {
  const guide = readFileSync(new URL("../../src/web/docs/coming-from.md", import.meta.url), "utf8");
  const keys = [...guide.matchAll(/`(?:task|training|loss)\.(\w+)/g)].map(([, key]) => key ?? "");
  expect(new Set(keys).size).toBeGreaterThan(8);
  expect([...new Set(keys)].filter((key) => !page.includes(`\n| \`${key}\` |`))).toEqual([]);
  const models = [...guide.matchAll(/`([a-z]+(?:_[a-z]+)?)`/g)].map(([, name]) => name ?? "");
  const known = ["linear", "logistic", "softmax", "poisson", "gamma", "negative_binomial", "quantile", "mlp"];
  for (const model of [...known, "k_means", "gaussian_mixture"]) {
    expect(models).toContain(model);
    expect(sections.get("ModelSpec")).toContain(`"${model}"`);
  }
});
