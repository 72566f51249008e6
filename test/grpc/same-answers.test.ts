import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorCatalogue, type Problem } from "../../src/domain/errors.ts";
import type { JobSpec } from "../../src/grpc/generated/descent/v1/job_spec.ts";
import { startTestService, type TestService } from "../usecases/service.ts";
import { ask, type Clients, connectClients, refusalOf, uploadFile } from "./clients.ts";
import { partsOf } from "./parts.ts";

let service: TestService;
let clients: Clients;
let dataset = "";
beforeAll(async () => {
  service = await startTestService();
  clients = connectClients(service.grpcAddress);
  const rows = Array.from(
    { length: 60 },
    (_, i) => `${i},${(i * 7) % 13},${["a", "b", "c"][i % 3]},${i % 2 ? "yes" : "no"},same`,
  );
  dataset = (await uploadFile(clients, `x,y,kind,answer,constant\n${rows.join("\n")}\n`)).id;
});
afterAll(async () => {
  clients.close();
  await service.close();
});

type Body = Record<string, unknown>;

/** The message that a gRPC client would write for the JSON body that a REST client writes. */
const toMessage = ({ task, base, resources, labels, ...rest }: Body, form: "typed" | "struct"): JobSpec => ({
  ...(rest as Partial<JobSpec>),
  ...partsOf(rest, form),
  task: task === undefined ? undefined : { features: [], exclude: [], ...(task as object) },
  base: base === undefined ? undefined : { freeze: [], unfreeze: [], ...(base as object) },
  resources: resources as JobSpec["resources"],
  labels: (labels as Record<string, string>) ?? {},
});

const overRest = async (body: Body): Promise<Body> => {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${service.url}/v1/jobs?validateOnly=true`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  return (await response.json()) as Body;
};

const classification = { type: "classification", label: "answer" };
const regression = { type: "regression", label: "x" };
const unused = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

const good: [string, Body][] = [
  ["nothing but what is required", { task: classification }],
  ["regression", { task: regression }],
  ["some features", { task: { ...regression, features: ["y", "kind"] } }],
  ["softmax", { task: { type: "classification", label: "kind" }, model: { type: "softmax" } }],
  [
    "a deep network",
    {
      task: classification,
      model: { type: "mlp", hidden: [8, 4], activation: "tanh", batchNorm: { position: "after" }, dropout: 0.5 },
    },
  ],
  [
    "an initialiser with parameters",
    { task: classification, model: { type: "mlp", initializer: { type: "normal", standardDeviation: 0.1 } } },
  ],
  [
    "an optimiser with a schedule",
    { task: classification, optimizer: { type: "adamw", schedule: { type: "cosine", warmupSteps: 5 } } },
  ],
  [
    "a loss with class weights",
    { task: classification, loss: { type: "cross_entropy", classWeights: { yes: 2, no: 1 } } },
  ],
  [
    "training in full batches, without early stopping",
    { task: classification, training: { batchSize: "full", earlyStopping: false, epochs: 3 } },
  ],
  ["the largest seed", { task: classification, training: { seed: Number.MAX_SAFE_INTEGER } }],
  [
    "resources and labels",
    {
      task: classification,
      resources: { threads: 1, memoryBytes: 2 ** 30, maxSeconds: 60.5, priority: -3, pool: "default" },
      labels: { team: "growth" },
    },
  ],
  ["a name", { name: "näme/~", task: regression }],
];

const bad: [string, Body][] = [
  ["nothing", { dataset: undefined }],
  ["no task", {}],
  ["a data set that is not there", { dataset: `ds_${unused}`, task: classification }],
  ["a data set id with ../", { dataset: "../../etc", task: classification }],
  ["an unknown task", { task: { type: "clasification", label: "answer" } }],
  ["a task without its label", { task: { type: "regression" } }],
  ["an unknown label", { task: { ...classification, label: "anwser" } }],
  ["a text label for a regression", { task: { type: "regression", label: "kind" } }],
  ["a constant label", { task: { type: "classification", label: "constant" } }],
  ["an unknown feature", { task: { ...classification, features: ["z"] } }],
  ["the label as a feature", { task: { ...classification, features: ["answer", "x"] } }],
  ["an unknown model", { task: classification, model: { type: "mpl" } }],
  ["a model of another kind of task", { task: regression, model: { type: "softmax" } }],
  ["units below one", { task: classification, model: { type: "mlp", hidden: [4, 0] } }],
  ["an unknown key", { task: classification, optimizer: { type: "adam", lr: 0.1 } }],
  ["a negative learning rate", { task: classification, optimizer: { type: "sgd", learningRate: -1 } }],
  [
    "several faults at once",
    { task: classification, optimizer: { type: "adam", beta1: 2 }, training: { epochs: 0.5, split: { test: 2 } } },
  ],
  ["an unknown base", { task: classification, base: { model: `mdl_${unused}` } }],
  ["a base that is no id", { task: classification, base: { model: "../x" } }],
  ["a job over its limit", { task: classification, resources: { memoryBytes: 1024 } }],
  ["threads below one", { task: classification, resources: { threads: 0 } }],
  ["an unknown backend", { task: classification, resources: { backend: "cuda" } }],
  ["a label that is too long", { task: classification, labels: { ["k".repeat(64)]: "v" } }],
];

describe("a spec means the same on both surfaces", () => {
  it.each(good)("%s", async (_, part) => {
    const body = { dataset, ...part };
    const { spec, ...plan } = await overRest(body);
    expect(spec).toBeDefined();
    for (const form of ["typed", "struct"] as const) {
      const message = await ask(clients.jobs, clients.jobs.validateJob, { spec: toMessage(body, form) });
      expect(message.plan).toEqual(plan);
      // Answers have the parts both ways.
      expect(message.spec).toMatchObject(toMessage(spec as Body, "typed") as object);
      const old = partsOf(spec as Body, "struct");
      for (const key of Object.keys(old) as (keyof typeof old)[])
        expect(message.spec?.[key]?.fields).toEqual(old[key]?.fields);
    }
  });
});

describe("a spec is refused in the same words on both surfaces", () => {
  it.each(bad)("%s", async (_, part) => {
    const body = { dataset, ...part };
    const rest = (await overRest(body)) as unknown as Problem;
    expect(rest.code).toBeDefined();
    const { status, problem } = await refusalOf(
      ask(clients.jobs, clients.jobs.validateJob, { spec: toMessage(body, "struct") }),
    );
    expect({ ...problem, requestId: "" }).toEqual({ ...rest, requestId: "" });
    expect(status).toBe(errorCatalogue[rest.code].grpc);
  });
});

describe("other operations refuse in the same words too", () => {
  const get = async (path: string, init: RequestInit = {}) => (await fetch(`${service.url}${path}`, init)).json();
  const file = (content: string) => ({ method: "POST", body: content, headers: { "content-type": "text/csv" } });

  it.each<[string, () => Promise<unknown>, () => Promise<unknown>]>([
    [
      "an absent job",
      () => get(`/v1/jobs/job_${unused}`),
      () => ask(clients.jobs, clients.jobs.getJob, { id: `job_${unused}` }),
    ],
    [
      "an id with ../",
      () => get("/v1/models/..%2Fx"),
      () => ask(clients.models, clients.models.getModel, { id: "../x" }),
    ],
    [
      "a page size of 0",
      () => get("/v1/jobs?pageSize=0"),
      () => ask(clients.jobs, clients.jobs.listJobs, { pageSize: 0, state: 0 }),
    ],
    [
      "a page token of ours no more",
      () => get("/v1/datasets?pageToken=x"),
      () => ask(clients.datasets, clients.datasets.listDatasets, { pageToken: "x" }),
    ],
    [
      "too long a wait",
      () => get(`/v1/jobs/job_${unused}?wait=61`),
      () => ask(clients.jobs, clients.jobs.getJob, { id: `job_${unused}`, waitSeconds: 61 }),
    ],
    [
      "no rows to predict from",
      () =>
        get(`/v1/models/mdl_${unused}/predict`, {
          method: "POST",
          body: '{"rows":[]}',
          headers: { "content-type": "application/json" },
        }),
      () => ask(clients.models, clients.models.predict, { model: `mdl_${unused}`, rows: [], pictures: [] }),
    ],
    ["a ragged file", () => get("/v1/datasets", file("a,b\n1\n")), () => uploadFile(clients, "a,b\n1\n")],
    ["an empty file", () => get("/v1/datasets", file("\n")), () => uploadFile(clients, "\n")],
    [
      "a type for no column",
      () => get("/v1/datasets?types=%7B%22z%22%3A%22number%22%7D", file("a\n1\n")),
      () => uploadFile(clients, "a\n1\n", { types: { z: 1 } }),
    ],
  ])("%s", async (_, rest, grpc) => {
    const expected = (await rest()) as Problem;
    const { status, problem } = await refusalOf(grpc());
    expect({ ...problem, requestId: "" }).toEqual({ ...(expected as Problem), requestId: "" });
    expect(status).toBe(errorCatalogue[expected.code].grpc);
  });
});
