import { Counter, Registry } from "prom-client";
import { expect, test } from "vitest";
import { mergeMetrics } from "../../../src/main/observing/merge-metrics.ts";

const textOf = (trainer: string, jobs: number): Promise<string> => {
  const registry = new Registry();
  registry.setDefaultLabels({ trainer });
  new Counter({ name: "jobs_total", help: "Jobs,\nall of them", labelNames: ["state"], registers: [registry] }).inc(
    { state: 'quo"ted' },
    jobs,
  );
  new Counter({ name: `only_${trainer}_total`, help: "Its own", registers: [registry] }).inc(1);
  return registry.metrics();
};

test("samples of one name stand together below one head, and nothing is lost or counted twice", async () => {
  const merged = mergeMetrics([await textOf("a", 1), await textOf("b", 2), ""]);
  expect(merged.split("\n").filter((line) => line.startsWith("# TYPE"))).toEqual([
    "# TYPE jobs_total counter",
    "# TYPE only_a_total counter",
    "# TYPE only_b_total counter",
  ]);
  expect(merged).toContain(
    '# HELP jobs_total Jobs,\\nall of them\n# TYPE jobs_total counter\njobs_total{state="quo\\"ted",trainer="a"} 1\njobs_total{state="quo\\"ted",trainer="b"} 2\n',
  );
  expect(mergeMetrics([merged])).toBe(merged);
});
