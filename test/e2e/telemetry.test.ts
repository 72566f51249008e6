import { Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ask, connectClients } from "../grpc/clients.ts";
import { partsOf } from "../grpc/parts.ts";
import { type SeenSpan, startCollector, treeOf } from "./collector.ts";
import { createRestClient, dataFile } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

let dataDir = "";
let service: Service;
let collector: Awaited<ReturnType<typeof startCollector>>;
let client: ReturnType<typeof createRestClient>;

beforeAll(async () => {
  [dataDir, collector] = await Promise.all([createDataDir(), startCollector()]);
  service = await startService(dataDir, {
    ...{ CHECKPOINT_SECONDS: "0.2", LEASE_SECONDS: "3" },
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    OTEL_EXPORTER_OTLP_HEADERS: "api-key=secret-of-the%20collector",
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
    ...{ OTEL_BSP_SCHEDULE_DELAY: "20", OTEL_METRIC_EXPORT_INTERVAL: "200" },
  });
  client = createRestClient(service.url);
});
afterAll(async () => {
  await service?.stop();
  collector?.close();
  await removeDataDir(dataDir);
});

const spec = (dataset: string, epochs: number) => ({
  ...{ dataset, task: { type: "classification", label: "digit" } as const },
  model: { type: "mlp" as const, hidden: [64] },
  training: { epochs, earlyStopping: false as const },
});

const upload = async (): Promise<string> => (await client.upload("digits", await dataFile("digits"))).id;

/** Attempts of a job, in their order, when so many have been told. */
const attemptsOf = (job: string, count: number): Promise<SeenSpan[]> =>
  collector.until(() => {
    const found = collector.spans.filter(
      ({ name, attributes }) => name === "process training" && attributes["descent.job.id"] === job,
    );
    return found.length >= count && found.sort((a, b) => a.startMs - b.startMs);
  });

const phases = [["read"], ["fit"], ["evaluate"], ["report"], ["store"]];

test("one job is one trace, from the client's request over the queue to the phases of its training", async () => {
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  const dataset = await upload();
  const answer = await fetch(`${service.url}/v1/jobs`, {
    method: "POST",
    headers: { "content-type": "application/json", traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
    body: JSON.stringify(spec(dataset, 3)),
  });
  const { id } = (await answer.json()) as { id: string };
  expect((await client.untilDone(id)).state).toBe("succeeded");
  const [attempt] = await attemptsOf(id, 1);
  const root = await collector.until(() =>
    collector.spans.find(({ name, attributes }) => name === "POST /v1/jobs" && attributes["descent.resource"] === id),
  );
  expect(root).toMatchObject({ traceId, parentId: "00f067aa0ba902b7", kind: 2 });
  expect(treeOf(collector.spans, root)).toEqual([
    "POST /v1/jobs",
    ["submitJob", ["send training", ["process training", ...phases]]],
  ]);
  expect(root.attributes).toMatchObject({
    ...{ "http.request.method": "POST", "http.route": "/v1/jobs", "http.response.status_code": 202 },
    ...{ "descent.operation": "submitJob", "descent.tenant": "default" },
    "descent.request_id": answer.headers.get("x-request-id"),
  });
  expect(root.resource).toMatchObject({
    ...{ "service.name": "descent", "descent.role": "api", "deployment.environment.name": "test" },
  });
  expect(attempt).toMatchObject({ kind: 5, links: [], resource: { "descent.role": "trainer" } });
  expect(attempt?.attributes).toMatchObject({ "descent.job.attempt": 1, "descent.job.outcome": "succeeded" });
  // One phase after the other, inside their attempt.
  const parts = collector.spans
    .filter(({ parentId }) => parentId === attempt?.spanId)
    .sort((a, b) => a.startMs - b.startMs);
  for (const [i, { startMs, endMs }] of parts.entries()) {
    expect(endMs).toBeGreaterThanOrEqual(startMs);
    if (i > 0) expect(startMs).toBe(parts[i - 1]?.endMs);
  }
  const line = await service.logged(({ msg, job }) => msg === "job succeeded" && job === id);
  expect(line.trace_id).toBe(traceId);
  expect(collector.headers[0]?.["api-key"]).toBe("secret-of-the collector");
  expect(collector.headers[0]?.["content-type"]).toBe("application/x-protobuf");
});

test("a job whose trainer is killed goes on in the same trace: the lost attempt is told, the next links to it", async () => {
  const dataset = await upload();
  const clients = connectClients(service.grpc);
  const { id } = await ask(
    clients.jobs,
    clients.jobs.submitJob,
    { spec: { ...toMessage(dataset), ...partsOf(spec(dataset, 20_000), "typed") }, idempotencyKey: undefined },
    new Metadata(),
  );
  clients.close();
  await client.untilEvent(id, ({ type }) => type === "checkpoint");
  const { resource } = await collector.until(() =>
    collector.spans.find(({ name, traceId }) => name === "read" && traceId === sendOf(id)?.traceId),
  );
  process.kill(service.trainerPid(), "SIGKILL");
  await client.untilEvent(id, ({ type, data }) => type === "state" && data.state === "running" && data.attempt === 2);
  await client.act(id, "cancel");
  await client.untilState(id, "cancelled");
  const [first, second] = await attemptsOf(id, 2);
  expect(first).toMatchObject({ status: { code: 2, message: "its trainer gave no heartbeat" } });
  expect(first?.attributes).toMatchObject({ "descent.job.attempt": 1, "descent.job.outcome": "lost" });
  // The dead trainer cannot tell; the API does, under the id that the trainer's spans name as their parent.
  expect(first?.resource["descent.role"]).toBe("api");
  expect(treeOf(collector.spans, first!)[1]).toEqual(["read"]);
  expect(second?.attributes).toMatchObject({ "descent.job.attempt": 2, "descent.job.outcome": "cancelled" });
  expect(second?.links).toEqual([{ traceId: first?.traceId, spanId: first?.spanId }]);
  expect(second).toMatchObject({ traceId: first?.traceId, parentId: first?.parentId });
  expect(second?.resource["service.instance.id"]).not.toBe(resource["service.instance.id"]);
  const root = await collector.until(() =>
    collector.spans.find(({ kind, traceId }) => kind === 2 && traceId === first?.traceId),
  );
  expect(root.attributes).toMatchObject({
    ...{
      "rpc.system.name": "grpc",
      "rpc.method": "descent.v1.JobsService/SubmitJob",
      "rpc.response.status_code": "OK",
    },
  });
  expect(root.parentId).toBe("");
  const names = JSON.stringify(treeOf(collector.spans, root));
  const attempts = '["process training",["read"]';
  expect(names.startsWith(`["descent.v1.JobsService/SubmitJob",["submitJob",["send training",${attempts}`)).toBe(true);
  expect(names.split('["process training"')).toHaveLength(3);
});

const sendOf = (job: string): SeenSpan | undefined =>
  collector.spans.find(({ name, attributes }) => name === "send training" && attributes["descent.job.id"] === job);

const toMessage = (dataset: string) => ({
  ...{ name: undefined, dataset, loss: undefined, optimizer: undefined, base: undefined, resources: undefined },
  ...{ labels: {}, webhook: undefined, preprocessing: undefined, effort: undefined },
  ...{ model: undefined, training: undefined },
  task: {
    ...{ type: "classification", label: "digit", features: [], exclude: [], threshold: undefined },
    ...{ weight: undefined, exposure: undefined, offset: undefined },
  },
});

test("numbers go the same way, as those of /metrics, which shows traces as exemplars to who asks for OpenMetrics", async () => {
  const of = (role: string, name: string) =>
    collector.metrics.findLast((metric) => metric.name === name && metric.resource["descent.role"] === role);
  const waits = await collector.until(() => of("trainer", "descent_job_wait_seconds"));
  expect(waits).toMatchObject({ kind: "histogram", points: [{ bounds: expect.arrayContaining([0.05, 43_200]) }] });
  const requests = await collector.until(() => {
    const found = of("api", "descent_http_request_duration_seconds");
    return found?.points.find(({ attributes }) => attributes.route === "/v1/jobs" && attributes.status === "202");
  });
  expect(requests.buckets).toHaveLength(requests.bounds.length + 1);
  expect(requests.buckets.reduce((sum, count) => sum + count)).toBe(requests.value);
  expect(of("trainer", "descent_job_attempts_total")?.kind).toBe("sum");
  const open = await fetch(`${service.url}/metrics`, { headers: { accept: "application/openmetrics-text" } });
  expect(open.headers.get("content-type")).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
  expect(await open.text()).toMatch(
    /descent_http_request_duration_seconds_bucket\{[^}]*route="\/v1\/jobs"[^}]*\} \d+ # \{trace_id="4bf92f3577b34da6a3ce929d0e0e4736"\} /,
  );
});

test("a collector that takes nothing is said once by each process and harms nothing", async () => {
  type Line = Service["log"][number];
  const isTold = ({ msg, telemetry }: Line): boolean => telemetry === "spans" && /^the OpenTelemetry/.test(msg);
  collector.goAway(true);
  const dataset = await upload();
  const job = await client.submit(spec(dataset, 2));
  expect((await client.untilDone(job.id)).state).toBe("succeeded");
  await service.logged((line) => line.role === "api" && isTold(line));
  for (let i = 0; i < 3; i++) {
    const refusals = collector.refusals();
    await client.job(job.id);
    await collector.until(() => collector.refusals() > refusals);
  }
  collector.goAway(false);
  await client.job(job.id);
  await service.logged((line) => line.role === "api" && isTold(line) && /takes spans again/.test(line.msg));
  // However often it went away: by each process said in turns, away and there.
  for (const pid of new Set(service.log.map((line) => line.pid))) {
    const told = service.log.filter((line) => line.pid === pid && isTold(line));
    for (const [i, { msg }] of told.entries()) expect(/takes spans again/.test(msg)).toBe(i % 2 === 1);
  }
  expect(service.rawLog.join("\n")).not.toContain("secret-of-the");
});
