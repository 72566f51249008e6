import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A tracking server with the limits of MLflow 2's documents (REST API, "Limits"), which refuses what the real one refuses. */
export interface MlflowStub {
  url: string;
  runs: Map<string, StubRun>;
  experiments: Map<string, string>;
  files: Map<string, Buffer>;
  /** How many requests each path had. */
  asked: Map<string, number>;
  /** From the next request on: a status with which it answers them all, or what it does with each; null: as it should. */
  fault: ((path: string, response: ServerResponse) => boolean) | null;
  /** Where the artifacts of new runs lie. */
  artifacts: string;
  authorization: string | null;
  /** When a run has ended; at once if one has. */
  ended: Promise<void>;
  close(): Promise<void>;
}

export interface StubRun {
  experiment: string;
  name: string;
  startMs: number;
  status: string;
  endMs: number | null;
  tags: Record<string, string>;
  params: Record<string, string>;
  /** Each once, as the store's primary key has it. */
  metrics: Map<string, { key: string; value: number; timestamp: number; step: number }>;
}

class Refusal extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

const invalid = (message: string): never => {
  throw new Refusal("INVALID_PARAMETER_VALUE", message);
};
const key = (name: unknown): string => {
  if (typeof name !== "string" || name === "") return invalid("a key is missing");
  if (name.length > 250) invalid(`the key has ${name.length} characters`);
  if (!/^[/\w.\- ]*$/.test(name)) invalid(`Invalid name ${name}`);
  if (name.split("/").some((part) => part === "" || part === "." || part === ".."))
    invalid(`not a unique path: ${name}`);
  return name;
};
const whole = (value: unknown, what: string): number =>
  Number.isSafeInteger(value) ? (value as number) : invalid(`${what} must be an integer`);

type Pair = { key: string; value: string };
const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
};

const logBatch = (run: StubRun, body: Record<string, unknown>, bytes: number): object => {
  const {
    metrics = [],
    params = [],
    tags = [],
  } = body as {
    metrics?: { key: string; value: number; timestamp: number; step: number }[];
    params?: Pair[];
    tags?: Pair[];
  };
  if (bytes > 1e6) invalid("a request has at most 1 MB");
  if (metrics.length > 1000 || params.length > 100 || tags.length > 100) invalid("too many in a batch");
  if (metrics.length + params.length + tags.length > 1000) invalid("more than 1000 in a batch");
  for (const each of params) {
    if (each.value.length > 6000) invalid("a parameter's value has at most 6000 characters");
    const known = run.params[key(each.key)];
    if (known !== undefined && known !== each.value) invalid(`Changing param values is not allowed: ${each.key}`);
  }
  for (const { key: name, value, timestamp, step } of metrics) {
    if (typeof value !== "number") invalid(`${name} is no number`);
    const metric = { key: key(name), value, timestamp: whole(timestamp, "timestamp"), step: whole(step, "step") };
    run.metrics.set(JSON.stringify(metric), metric);
  }
  for (const each of params) run.params[each.key] = each.value;
  for (const each of tags) run.tags[key(each.key)] = each.value;
  return {};
};

export const startMlflowStub = async (): Promise<MlflowStub> => {
  let markEnded = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    markEnded = resolve;
  });
  const stub: MlflowStub = {
    url: "",
    runs: new Map(),
    experiments: new Map(),
    files: new Map(),
    asked: new Map(),
    fault: null,
    artifacts: "mlflow-artifacts:",
    authorization: null,
    ended,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const infoOf = (id: string, run: StubRun) => ({
    info: {
      run_id: id,
      experiment_id: run.experiment,
      artifact_uri: `${stub.artifacts}/${run.experiment}/${id}/artifacts`,
    },
  });
  const runAt = (id: unknown): StubRun =>
    stub.runs.get(String(id)) ??
    ((): never => {
      throw new Refusal("RESOURCE_DOES_NOT_EXIST", `Run ${id} not found`, 404);
    })();
  const routes: Record<string, (body: Record<string, unknown>, bytes: number) => object> = {
    "GET experiments/get-by-name": ({ experiment_name }) => {
      const id = stub.experiments.get(String(experiment_name));
      if (id === undefined) throw new Refusal("RESOURCE_DOES_NOT_EXIST", "no such experiment", 404);
      return { experiment: { experiment_id: id, lifecycle_stage: "active" } };
    },
    "POST experiments/create": ({ name }) => {
      if (stub.experiments.has(String(name))) throw new Refusal("RESOURCE_ALREADY_EXISTS", "there is one");
      stub.experiments.set(String(name), String(stub.experiments.size + 1));
      return { experiment_id: String(stub.experiments.size) };
    },
    "POST runs/search": ({ experiment_ids, filter }) => {
      const [, tag, value] = /^tags\.`([^`]+)` = '([^']*)'$/.exec(String(filter)) ?? invalid(`filter ${filter}`);
      const found = [...stub.runs].filter(
        ([, run]) => (experiment_ids as string[]).includes(run.experiment) && run.tags[tag!] === value,
      );
      return found.length === 0 ? {} : { runs: found.map(([id, run]) => infoOf(id, run)) };
    },
    "POST runs/create": ({ experiment_id, run_name, start_time, tags }) => {
      const id = String(stub.runs.size + 1).padStart(32, "0");
      const pairs = (tags as Pair[]).map((each) => [key(each.key), each.value] as const);
      const run: StubRun = {
        ...{ experiment: String(experiment_id), name: String(run_name), startMs: whole(start_time, "start_time") },
        ...{ status: "RUNNING", endMs: null, tags: Object.fromEntries(pairs), params: {}, metrics: new Map() },
      };
      stub.runs.set(id, run);
      return { run: infoOf(id, run) };
    },
    "POST runs/log-batch": (body, bytes) => logBatch(runAt(body.run_id), body, bytes),
    "POST runs/update": ({ run_id, status, end_time }) => {
      Object.assign(runAt(run_id), { status, endMs: whole(end_time, "end_time") });
      markEnded();
      return { run_info: {} };
    },
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<object> => {
    const url = new URL(request.url ?? "", "http://stub");
    const bytes = await bodyOf(request);
    const path = url.pathname.replace(/^\/api\/2\.0\/(mlflow\/)?/, "");
    stub.asked.set(path, (stub.asked.get(path) ?? 0) + 1);
    if (stub.fault?.(path, response)) return {};
    if (stub.authorization !== null && request.headers.authorization !== stub.authorization)
      throw new Refusal("UNAUTHENTICATED", "who are you?", 401);
    if (request.method === "PUT" && path.startsWith("mlflow-artifacts/artifacts/")) {
      stub.files.set(decodeURIComponent(path.slice("mlflow-artifacts/artifacts/".length)), bytes);
      return {};
    }
    const route = routes[`${request.method} ${path}`];
    if (route === undefined) throw new Refusal("ENDPOINT_NOT_FOUND", path, 404);
    const body = request.method === "GET" ? Object.fromEntries(url.searchParams) : JSON.parse(bytes.toString());
    return route(body, bytes.length);
  };
  const server = createServer((request, response) => {
    answer(request, response)
      .then((body) => {
        if (!response.headersSent && !response.destroyed) response.end(JSON.stringify(body));
      })
      .catch((error: unknown) => {
        if (!(error instanceof Refusal)) {
          response.destroy();
          return;
        }
        response.writeHead(error.status, { "content-type": "application/json" });
        response.end(JSON.stringify({ error_code: error.code, message: error.message }));
      });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stub.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return stub;
};
