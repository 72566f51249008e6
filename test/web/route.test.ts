import { expect, test } from "vitest";
import { parseRoute, type Route, toFragment } from "../../src/web/page/route.ts";

const routes: Route[] = [
  { view: "home" },
  { view: "jobs" },
  { view: "curves", jobs: [] },
  { view: "curves", jobs: ["job_1", "job_2"] },
  { view: "job", id: "job_1" },
  { view: "new", dataset: null },
  { view: "new", dataset: "ds_1" },
  { view: "studies" },
  { view: "study", id: "std_1" },
  { view: "newStudy", dataset: "ds_1" },
  { view: "datasets" },
  { view: "dataset", id: "ds_1" },
  { view: "models" },
  { view: "model", id: "mdl_1" },
  { view: "aliases" },
  { view: "alias", name: "production" },
  { view: "compare", models: [], dataset: null },
  { view: "compare", models: ["mdl_1"], dataset: null },
  { view: "compare", models: ["mdl_1", "production"], dataset: "ds_1" },
];

test.each(routes)("$view is found again from its link", (route) => {
  expect(parseRoute(toFragment(route))).toEqual(route);
});

test.each(["", "#", "#/", "#/nonsense"])("%j leads home", (fragment) => {
  expect(parseRoute(fragment)).toEqual({ view: "home" });
});

test.each(["#/jobs", "#/jobs/"])("%j leads to the jobs", (fragment) => {
  expect(parseRoute(fragment)).toEqual({ view: "jobs" });
});

test("a broken escape is kept as it is, for the service to refuse", () => {
  expect(parseRoute("#/jobs/%E0%A4%A")).toEqual({ view: "job", id: "%E0%A4%A" });
});
