import { credentials, type ServiceError, status } from "@grpc/grpc-js";
import { DatasetsServiceClient } from "../../src/grpc/generated/descent/v1/datasets.ts";
import { JobsServiceClient } from "../../src/grpc/generated/descent/v1/jobs.ts";
import { ModelsServiceClient } from "../../src/grpc/generated/descent/v1/models.ts";
import { restRoutes } from "../../src/rest/routes/routes.ts";

/** How a call was answered: HTTP's status, or gRPC's by name. */
export interface Answered {
  call: string;
  status: number | string;
  ms: number;
}

const bodies: Readonly<Record<string, { type: string; content: string } | null>> = {
  uploadDataset: { type: "text/csv", content: "x,y\n1,a\n2,b\n" },
  predict: { type: "application/json", content: '{"rows":[{"x":1}]}' },
  ...{ cancelJob: null, pauseJob: null, resumeJob: null },
};

/** Every route that needs Redis, aimed at what `ids` name: those without a body, and those whose body is known here. */
export const restCalls = (
  url: string,
  ids: Readonly<Record<"datasets" | "jobs" | "models", string>>,
  spec: unknown,
): (() => Promise<Answered>)[] =>
  restRoutes.flatMap(({ operations: [operation], method, url: route, tag }) => {
    const json = { type: "application/json", content: JSON.stringify(spec) };
    const body = operation === "submitJob" ? json : method === "GET" || method === "DELETE" ? null : bodies[operation];
    if (body === undefined || !(tag in ids)) return [];
    const id = ids[tag as keyof typeof ids];
    return async () => {
      const startMs = performance.now();
      const response = await fetch(`${url}${route.replace(":id", id).replace(":row", "0")}`, {
        method,
        ...(body === null ? {} : { headers: { "content-type": body.type }, body: body.content }),
      });
      await response.arrayBuffer();
      return { call: `${method} ${route}`, status: response.status, ms: performance.now() - startMs };
    };
  });

/** Each kind of RPC: unary of each service, streamed requests, streamed answers. */
export const openRpcCalls = (
  address: string,
  ids: Readonly<Record<"datasets" | "jobs" | "models", string>>,
): { calls: (() => Promise<Answered>)[]; close: () => void } => {
  const insecure = credentials.createInsecure();
  const datasets = new DatasetsServiceClient(address, insecure);
  const jobs = new JobsServiceClient(address, insecure);
  const models = new ModelsServiceClient(address, insecure);
  type Done = (error: ServiceError | null) => void;
  const drain = (stream: NodeJS.ReadableStream, done: Done): void => {
    stream.on("data", () => undefined).on("error", done);
    stream.on("end", () => done(null));
  };
  const spec = {
    dataset: ids.datasets,
    task: { type: "classification", label: "y", features: [], exclude: [] },
    labels: {},
  };
  const kinds: Readonly<Record<string, (done: Done) => void>> = {
    listDatasets: (done) => void datasets.listDatasets({}, done),
    getDataset: (done) => void datasets.getDataset({ id: ids.datasets }, done),
    deleteDataset: (done) => void datasets.deleteDataset({ id: ids.datasets }, done),
    uploadDataset: (done) => {
      const call = datasets.uploadDataset(done);
      call.write({ part: { $case: "header", value: { name: "x", types: {} } } });
      call.write({ part: { $case: "chunk", value: Buffer.from("x,y\n1,a\n2,b\n") } });
      call.end();
    },
    submitJob: (done) => void jobs.submitJob({ spec }, done),
    listJobs: (done) => void jobs.listJobs({ state: 0 }, done),
    getJob: (done) => void jobs.getJob({ id: ids.jobs }, done),
    pauseJob: (done) => void jobs.pauseJob({ id: ids.jobs }, done),
    cancelJob: (done) => void jobs.cancelJob({ id: ids.jobs }, done),
    watchJob: (done) => drain(jobs.watchJob({ id: ids.jobs }), done),
    getModel: (done) => void models.getModel({ id: ids.models }, done),
    getModelWeights: (done) => drain(models.getModelWeights({ id: ids.models }), done),
    predict: (done) => void models.predict({ model: ids.models, rows: [{ x: 1 }], pictures: [] }, done),
  };
  return {
    calls: Object.entries(kinds).map(([name, begin]) => async () => {
      const startMs = performance.now();
      const error = await new Promise<ServiceError | null>((resolve) => begin(resolve));
      return { call: name, status: status[error?.code ?? 0] ?? "", ms: performance.now() - startMs };
    }),
    close: () => {
      for (const client of [datasets, jobs, models]) client.close();
    },
  };
};
