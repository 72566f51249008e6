import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import { createRegistry } from "../../../src/main/observing/registry.ts";
import { startTelemetry } from "../../../src/main/telemetry/telemetry.ts";

afterEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith("OTEL_")) delete process.env[name];
});

interface Line {
  msg: string;
  telemetry: string;
}

/** A port at which nobody listens. */
const closedPort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};

test("an unreachable collector is said once for spans and once for numbers, and does not hold up the end", async () => {
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${await closedPort()}`;
  process.env.OTEL_EXPORTER_OTLP_TIMEOUT = "100";
  process.env.OTEL_BSP_SCHEDULE_DELAY = "5";
  const lines: Line[] = [];
  let told = (): void => {};
  const write = (text: string): void => {
    lines.push(JSON.parse(text));
    told();
  };
  const log = pino({ level: "info" }, { write });
  const until = (fits: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      told = () => fits() && resolve();
      told();
    });
  const options = { role: "api", name: "host:1", registry: createRegistry({ role: "api" }) } as const;
  const config = { traces: true, metrics: true, metricsEveryMs: 20 };
  const { tracing, close } = await startTelemetry(config, options, log);
  const span = tracing.start("first", { parent: null });
  expect(span.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  span.end();
  await until(() => new Set(lines.map(({ telemetry }) => telemetry)).size === 2);
  tracing.start("second", { parent: span.traceparent }).end();
  await close();
  expect(lines.map(({ telemetry }) => telemetry).sort()).toEqual(["metrics", "spans"]);
  for (const { msg, telemetry } of lines)
    expect(msg).toMatch(new RegExp(`^the OpenTelemetry collector takes no ${telemetry} \\(.+\\); what it does not`));
});

test("without a collector nothing is traced", async () => {
  const options = { role: "api", name: "host:1", registry: createRegistry({ role: "api" }) } as const;
  const { tracing, close } = await startTelemetry(null, options, pino({ level: "silent" }));
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  expect(tracing.start("request", { parent: traceparent }).child("part").traceparent).toBeNull();
  await close();
});

test("a client that records nothing is followed in that, and its trace goes on", async () => {
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${await closedPort()}`;
  const options = { role: "api", name: "host:1", registry: createRegistry({ role: "api" }) } as const;
  const config = { traces: true, metrics: false, metricsEveryMs: 60_000 };
  const { tracing, close } = await startTelemetry(config, options, pino({ level: "silent" }));
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const child = tracing.start("request", { parent: `00-${trace}-00f067aa0ba902b7-00` }).child("part");
  expect(child.traceparent).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}-00$`));
  const ids = { trace, span: "1111111111111111" };
  expect(tracing.start("attempt", { parent: null, ids }).traceparent).toBe(`00-${trace}-1111111111111111-01`);
  // Its own ids are that one span's alone.
  expect(tracing.start("other", { parent: null }).traceparent).not.toContain(trace);
  await close();
});
