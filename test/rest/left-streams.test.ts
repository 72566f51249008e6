import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { logRequests } from "../../src/main/observing/request-log.ts";
import { createRestServer } from "../../src/rest/server.ts";
import type { FinishedRequest } from "../../src/usecases/admission/finished-request.ts";
import { startTestService, type TestService } from "../usecases/service.ts";
import { createClient } from "./client.ts";

let service: TestService;
let app: Awaited<ReturnType<typeof createRestServer>>;
let url = "";
const lines: { level: number; msg: string; status?: unknown }[] = [];
let tell = (_request: FinishedRequest): void => {};
const client = createClient(() => url);
beforeAll(async () => {
  service = await startTestService();
  const log = pino({ level: "debug" }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const logged = logRequests(log);
  app = await createRestServer(service.deps, {
    logger: log,
    onFinished: (request) => {
      logged(request);
      tell(request);
    },
  });
  url = await app.listen({ host: "127.0.0.1", port: 0 });
});
afterAll(async () => {
  await app.close();
  await service.close();
});

it.each([
  ["an event stream", "/events", true],
  ["a wait", "?wait=60", false],
])(
  "a client that leaves %s leaves no line of a fault in the log, and a status that is a number",
  async (_name, path, answered) => {
    const job = await client.submit(await client.upload());
    const gone = new AbortController();
    const finished = new Promise<FinishedRequest>((resolve) => {
      tell = (request) => request.method === "GET" && resolve(request);
    });
    const asked = client.call(`/v1/jobs/${job.id}${path}`, { signal: gone.signal });
    if (answered) await (await asked).body?.getReader().read();
    else await client.call("/healthz"); // the wait was sent before
    gone.abort();
    await asked.catch(() => undefined);
    await finished;
    // What the framework still does of it, it does in the turns that follow.
    await client.call("/v1/jobs");
    expect(lines.filter(({ level }) => level >= 40)).toEqual([]);
    expect(lines.filter(({ msg }) => msg === "request").every(({ status }) => typeof status === "number")).toBe(true);
  },
);
