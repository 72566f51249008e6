/** One MLflow tracking server, by its REST API 2.0 (mlflow.org/docs/latest/rest-api.html). Every method rejects with a MlflowError. */
export interface Mlflow {
  /** The id of the experiment of this name, made if there is none. A deleted one is an error: its name stays taken. */
  experiment(name: string): Promise<string>;
  /** The run with this tag, in whatever state; null if there is none. */
  findRun(experiment: string, tag: { key: string; value: string }): Promise<MlflowRun | null>;
  createRun(run: {
    experiment: string;
    name: string;
    startMs: number;
    tags: readonly MlflowPair[];
  }): Promise<MlflowRun>;
  /** In batches as large as the server takes. What is there already stays as it is. */
  log(runId: string, logged: Logged): Promise<void>;
  /** Through the server, under the run's artifacts. `unproxied` if the run's artifacts lie where the server does not take them. */
  upload(
    run: MlflowRun,
    path: string,
    body: Uint8Array<ArrayBuffer> | AsyncIterable<Uint8Array>,
  ): Promise<"stored" | "unproxied">;
  end(runId: string, state: "FINISHED" | "FAILED" | "KILLED", endMs: number): Promise<void>;
}

export interface MlflowRun {
  id: string;
  artifactUri: string;
}

export interface MlflowPair {
  key: string;
  value: string;
}

export interface Logged {
  metrics: readonly { key: string; value: number; timestamp: number; step: number }[];
  params: readonly MlflowPair[];
  tags: readonly MlflowPair[];
}

/** Why the server did not do it, in words for whoever runs it. */
class MlflowError extends Error {
  /** As the server names it, such as RESOURCE_DOES_NOT_EXIST; null if it gave no answer of its own. */
  readonly code: string | null;
  constructor(message: string, code: string | null, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "MlflowError";
    this.code = code;
  }
}

export interface MlflowOptions {
  /** As MLFLOW_TRACKING_URI has it. */
  uri: string;
  /** The header `Authorization`; null: none. */
  authorization: string | null;
  /** For one request; files have ten times as long. */
  timeoutMs: number;
  /** Aborts when the server stops. */
  signal: AbortSignal;
}

/** Of one request to log: the server takes 1000 metrics, 100 parameters and 100 tags, and 1 MB altogether, in which 1000 metrics with keys of 250 characters leave too little room. */
const most = { metrics: 800, params: 100, tags: 100 };

const prefix = "mlflow-artifacts:";

const describe = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "no answer in time";
  const { cause } = error;
  return cause instanceof Error && cause.message !== "" ? `${error.message}: ${cause.message}` : error.message;
};

const answerOf = async (response: Response, what: string): Promise<Record<string, unknown>> => {
  const text = await response.text();
  let answer: Record<string, unknown> = {};
  try {
    answer = JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    if (response.ok) throw new MlflowError(`${what}: the answer is not JSON`, null, { cause: error });
  }
  if (response.ok) return answer;
  const code = typeof answer.error_code === "string" ? answer.error_code : null;
  const message = typeof answer.message === "string" ? `: ${answer.message.slice(0, 500)}` : "";
  throw new MlflowError(`${what}: answered ${response.status}${code === null ? "" : ` ${code}`}${message}`, code);
};

type Send = (method: "GET" | "POST", path: string, body: object) => Promise<Record<string, unknown>>;

const createSend =
  ({ uri, authorization, timeoutMs, signal }: MlflowOptions): Send =>
  async (method, path, body) => {
    const url = new URL(`${uri.replace(/\/+$/, "")}/api/2.0/mlflow/${path}`);
    if (method === "GET") for (const [key, value] of Object.entries(body)) url.searchParams.set(key, String(value));
    const headers = {
      ...(authorization === null ? {} : { authorization }),
      ...(method === "GET" ? {} : { "content-type": "application/json" }),
    };
    const sent = { method, headers, ...(method === "GET" ? {} : { body: JSON.stringify(body) }) };
    try {
      const response = await fetch(url, { ...sent, signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) });
      return await answerOf(response, path);
    } catch (error) {
      if (error instanceof MlflowError) throw error;
      throw new MlflowError(`${path}: ${describe(error)}`, null, { cause: error });
    }
  };

/** The members are there in every answer of a server that keeps to its documents. */
const member = (answer: unknown, ...path: string[]): unknown =>
  path.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined),
    answer,
  );

const textOf = (answer: unknown, what: string, ...path: string[]): string => {
  const value = member(answer, ...path);
  if (typeof value !== "string") throw new MlflowError(`${what}: the answer has no ${path.join(".")}`, null);
  return value;
};

const runOf = (answer: unknown, what: string): MlflowRun => ({
  id: textOf(answer, what, "info", "run_id"),
  artifactUri: textOf(answer, what, "info", "artifact_uri"),
});

function* batchesOf({ metrics, params, tags }: Logged): Generator<Logged, void, void> {
  for (let from = 0; from < metrics.length; from += most.metrics)
    yield { metrics: metrics.slice(from, from + most.metrics), params: [], tags: [] };
  for (let from = 0; from < params.length; from += most.params)
    yield { metrics: [], params: params.slice(from, from + most.params), tags: [] };
  for (let from = 0; from < tags.length; from += most.tags)
    yield { metrics: [], params: [], tags: tags.slice(from, from + most.tags) };
}

const findExperiment = async (send: Send, name: string): Promise<string | null> => {
  const what = "experiments/get-by-name";
  try {
    const answer = await send("GET", what, { experiment_name: name });
    if (member(answer, "experiment", "lifecycle_stage") === "deleted")
      throw new MlflowError(`the experiment "${name}" is deleted: restore it, or name another one`, null);
    return textOf(answer, what, "experiment", "experiment_id");
  } catch (error) {
    if (error instanceof MlflowError && error.code === "RESOURCE_DOES_NOT_EXIST") return null;
    throw error;
  }
};

const makeExperiment = async (send: Send, name: string): Promise<string> => {
  const what = "experiments/create";
  try {
    return textOf(await send("POST", what, { name }), what, "experiment_id");
  } catch (error) {
    // Another process was faster.
    const made = error instanceof MlflowError && error.code === "RESOURCE_ALREADY_EXISTS";
    const found = made ? await findExperiment(send, name) : null;
    if (found === null) throw error;
    return found;
  }
};

/** `mlflow-artifacts:/1/abc/artifacts`, with or without a host → `1/abc/artifacts`. */
const proxiedFolder = (artifactUri: string): string | null =>
  artifactUri.startsWith(prefix)
    ? artifactUri
        .slice(prefix.length)
        .replace(/^\/\/[^/]*/, "")
        .replace(/^\/+/, "")
    : null;

const put = async (options: MlflowOptions, path: string, body: Uint8Array<ArrayBuffer> | AsyncIterable<Uint8Array>) => {
  const { uri, authorization, timeoutMs, signal } = options;
  const segments = path.split("/").map(encodeURIComponent).join("/");
  try {
    const response = await fetch(`${uri.replace(/\/+$/, "")}/api/2.0/mlflow-artifacts/artifacts/${segments}`, {
      method: "PUT",
      headers: authorization === null ? {} : { authorization },
      body: body as RequestInit["body"],
      ...(body instanceof Uint8Array ? {} : { duplex: "half" }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(10 * timeoutMs)]),
    } as RequestInit);
    await answerOf(response, `artifacts ${path}`);
  } catch (error) {
    if (error instanceof MlflowError) throw error;
    throw new MlflowError(`artifacts ${path}: ${describe(error)}`, null, { cause: error });
  }
};

export const connectMlflow = (options: MlflowOptions): Mlflow => {
  const send = createSend(options);
  return {
    experiment: async (name) => (await findExperiment(send, name)) ?? (await makeExperiment(send, name)),
    findRun: async (experiment, { key, value }) => {
      const what = "runs/search";
      const filter = `tags.\`${key}\` = '${value}'`;
      const answer = await send("POST", what, { experiment_ids: [experiment], filter, max_results: 1 });
      const runs = member(answer, "runs");
      return Array.isArray(runs) && runs.length > 0 ? runOf(runs[0], what) : null;
    },
    createRun: async ({ experiment, name, startMs, tags }) => {
      const what = "runs/create";
      const body = { experiment_id: experiment, run_name: name, start_time: startMs, tags };
      return runOf(member(await send("POST", what, body), "run"), what);
    },
    log: async (run_id, logged) => {
      for (const batch of batchesOf(logged)) await send("POST", "runs/log-batch", { run_id, ...batch });
    },
    upload: async ({ artifactUri }, path, body) => {
      const folder = proxiedFolder(artifactUri);
      if (folder === null) return "unproxied";
      await put(options, `${folder}/${path}`, body);
      return "stored";
    },
    end: async (run_id, status, end_time) => {
      await send("POST", "runs/update", { run_id, status, end_time });
    },
  };
};
