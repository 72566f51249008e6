import { Counter, Histogram, Registry } from "prom-client";
import { expect, test } from "vitest";
import { metricsFormatOf } from "../../../src/domain/observing/metrics-format.ts";
import { mergeMetrics } from "../../../src/main/observing/merge-metrics.ts";
import { createRegistry, type ExemplarLabel, exemplarOf } from "../../../src/main/observing/registry.ts";

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
  const merged = mergeMetrics([await textOf("a", 1), await textOf("b", 2), ""], "prometheus");
  expect(merged.split("\n").filter((line) => line.startsWith("# TYPE"))).toEqual([
    "# TYPE jobs_total counter",
    "# TYPE only_a_total counter",
    "# TYPE only_b_total counter",
  ]);
  expect(merged).toContain(
    '# HELP jobs_total Jobs,\\nall of them\n# TYPE jobs_total counter\njobs_total{state="quo\\"ted",trainer="a"} 1\njobs_total{state="quo\\"ted",trainer="b"} 2\n',
  );
  expect(mergeMetrics([merged], "prometheus")).toBe(merged);
});

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";

test("the two formats differ in counters' families, exemplars and the end, and each can be read from the other", async () => {
  const registry = createRegistry({ role: "api" });
  new Counter({ name: "jobs_total", help: "Jobs", registers: [registry as unknown as Registry] }).inc(3);
  const seconds = new Histogram<ExemplarLabel>({
    ...{ name: "wait_seconds", help: "Waiting", buckets: [1, 2], enableExemplars: true },
    registers: [registry as unknown as Registry],
  });
  seconds.observe({ value: 1.5, ...exemplarOf(`00-${trace}-00f067aa0ba902b7-01`) });
  seconds.observe({ value: 0.5, ...exemplarOf(`00-${trace}-00f067aa0ba902b7-00`) });
  seconds.observe({ value: 0.5, ...exemplarOf(null) });
  const own = await registry.metrics();

  const open = mergeMetrics([own], "openmetrics");
  expect(open).toContain('# TYPE jobs counter\njobs_total{role="api"} 3\n');
  expect(open).toMatch(
    new RegExp(`wait_seconds_bucket\\{le="2",role="api"\\} 3 # \\{trace_id="${trace}"\\} 1\\.5 [\\d.]+\\n`),
  );
  // What is not recorded is no example, nor is what has no trace.
  expect(open.match(/trace_id/g)).toHaveLength(1);
  expect(open.endsWith("\n# EOF\n")).toBe(true);

  const old = mergeMetrics([own], "prometheus");
  expect(old).toContain('# TYPE jobs_total counter\njobs_total{role="api"} 3\n');
  expect(old).toContain('wait_seconds_bucket{le="2",role="api"} 3\n');
  expect(old).not.toMatch(/trace_id|EOF/);
  expect(mergeMetrics([old, open], "openmetrics").match(/# TYPE jobs counter/g)).toHaveLength(1);
});

test.each([
  ["application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1", "openmetrics"],
  ["application/openmetrics-text", "openmetrics"],
  ["application/openmetrics-text; q=0, text/plain", "prometheus"],
  ["text/plain", "prometheus"],
  ["*/*", "prometheus"],
  [undefined, "prometheus"],
])("a scraper that accepts %s gets %s", (accept, format) => {
  expect(metricsFormatOf(accept)).toBe(format);
});
