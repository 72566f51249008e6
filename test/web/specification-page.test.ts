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
