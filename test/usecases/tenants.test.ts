import { createHash } from "node:crypto";
import { Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job } from "../../src/domain/jobs/job.ts";
import { createAdmit } from "../../src/main/keys/api-keys.ts";
import { restRoutes } from "../../src/rest/routes/routes.ts";
import { type OperationName, operations, type Scope } from "../../src/usecases/admission/operations.ts";
import { tinyNetwork } from "../formats/onnx/tiny-network.ts";
import { ask, type Clients, connectClients, refusalOf, uploadFile } from "../grpc/clients.ts";
import { everyRpc, specOf as spec } from "./every-rpc.ts";
import { finishJob, iris, startTestService, type TestService } from "./service.ts";

const sha256 = (key: string) => createHash("sha256").update(key).digest("hex");
const all: Scope[] = ["read", "submit", "admin"];
const keys = [
  ...["acme", "rival"].map((tenant) => ({ id: tenant, tenant, scopes: all, sha256: sha256(`key-of-${tenant}`) })),
  ...all.map((scope) => ({ id: scope, tenant: "acme", scopes: [scope], sha256: sha256(`only-${scope}`) })),
];

let service: TestService;
let clients: Clients;
/** What acme owns; rival must not see, touch or guess any of it. */
const owned = { dataset: "", job: "", model: "", waiting: "", alias: "acme-live", study: "" };

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const metadataOf = (key: string | null): Metadata => {
  const metadata = new Metadata();
  if (key !== null) metadata.set("authorization", `Bearer ${key}`);
  return metadata;
};
const submit = async (dataset: string): Promise<Job> => {
  const headers = { ...bearer("key-of-acme"), "content-type": "application/json" };
  const response = await fetch(`${service.url}/v1/jobs`, {
    method: "POST",
    headers,
    body: JSON.stringify(spec(dataset)),
  });
  return (await response.json()) as Job;
};

beforeAll(async () => {
  service = await startTestService({ admit: createAdmit(keys) });
  clients = connectClients(service.grpcAddress);
  owned.dataset = (await uploadFile(clients, iris, {}, metadataOf("key-of-acme"))).id;
  const job = await submit(owned.dataset);
  owned.job = job.id;
  owned.model = (await finishJob(service, job, "acme")).id;
  owned.waiting = (await submit(owned.dataset)).id;
  const study = await fetch(`${service.url}/v1/studies`, {
    method: "POST",
    headers: { ...bearer("key-of-acme"), "content-type": "application/json" },
    body: JSON.stringify({ job: spec(owned.dataset) }),
  });
  owned.study = ((await study.json()) as { id: string }).id;
  const metadata = metadataOf("key-of-acme");
  await ask(clients.aliases, clients.aliases.putAlias, { name: owned.alias, model: owned.model }, metadata);
});
afterAll(async () => {
  clients.close();
  await service.close();
});

const grpcCalls = () => everyRpc(clients, owned);

const bodies: Partial<
  Record<OperationName, (of: typeof owned) => { type: string; content: string | Uint8Array<ArrayBuffer> }>
> = {
  uploadDataset: () => ({ type: "text/csv", content: iris }),
  importModel: () => ({ type: "application/onnx", content: tinyNetwork() }),
  createToken: (of) => ({ type: "application/json", content: JSON.stringify({ resource: of.job }) }),
  submitJob: (of) => ({ type: "application/json", content: JSON.stringify(spec(of.dataset)) }),
  predictDataset: (of) => ({ type: "application/json", content: JSON.stringify({ dataset: of.dataset }) }),
  compareModels: (of) => ({
    type: "application/json",
    content: JSON.stringify({ models: [of.model], dataset: of.dataset }),
  }),
  submitStudy: (of) => ({ type: "application/json", content: JSON.stringify({ job: spec(of.dataset) }) }),
  suggestTrial: () => ({ type: "application/json", content: '{"values":{}}' }),
  putAlias: (of) => ({ type: "application/json", content: JSON.stringify({ model: of.model }) }),
  updateDataset: () => ({ type: "application/json", content: '{"name":"iris"}' }),
  updateModel: () => ({ type: "application/json", content: '{"licence":"MIT"}' }),
  predict: () => ({ type: "application/json", content: '{"rows":[{"sepal_length":5,"sepal_width":3}]}' }),
};

const restCalls = restRoutes.map(({ operations: [operation], method, url, tag }) => ({
  operation,
  method,
  url,
  call: (headers: Record<string, string>, of = owned): Promise<Response> => {
    const body = bodies[operation]?.(of);
    const steers = ["cancelJob", "pauseJob", "resumeJob"].includes(operation);
    const id =
      tag === "studies"
        ? of.study
        : tag === "datasets"
          ? of.dataset
          : tag === "models"
            ? of.model
            : steers
              ? of.waiting
              : of.job;
    return fetch(`${service.url}${url.replace(":id", id).replace(":name", of.alias).replace(":row", "0")}`, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { "content-type": body.type }) },
      ...(body === undefined ? {} : { body: body.content }),
    });
  },
}));

const mentionsAcme = (answer: unknown): boolean =>
  Object.values(owned).some((id) => JSON.stringify(answer).includes(id));
/** What a stranger gets: these make or list their own, all others name what is not theirs. */
const own: readonly OperationName[] = [
  ...([
    "uploadDataset",
    "listDatasets",
    "listJobs",
    "importModel",
    "listModels",
    "listAliases",
    "listStudies",
    "getOverview",
  ] as const),
];
const byReference: readonly OperationName[] = [
  "submitJob",
  "submitJobs",
  "planJob",
  "validateJob",
  "putAlias",
  "compareModels",
  "submitStudy",
  "validateStudy",
];

/** No tenant's key may look at others, nor at its own limits. */
const isForOperators = (operation: OperationName): boolean => operations[operation].scope === "operator";

describe("another tenant", () => {
  it.each(restCalls)("finds nothing of acme's at $method $url", async ({ operation, call }) => {
    const response = await call(bearer("key-of-rival"));
    const answer = await response.text();
    if (own.includes(operation)) {
      expect(response.ok).toBe(true);
      expect(mentionsAcme(answer)).toBe(false);
    } else if (isForOperators(operation)) {
      expect(response.status).toBe(403);
    } else {
      expect(response.status).toBe(byReference.includes(operation) ? 422 : 404);
    }
  });

  it.each(Object.keys(operations) as OperationName[])("finds nothing of acme's by %s", async (operation) => {
    const call = grpcCalls()[operation](metadataOf("key-of-rival"));
    if (own.includes(operation)) {
      expect(mentionsAcme(await call)).toBe(false);
    } else if (isForOperators(operation)) {
      expect((await refusalOf(call)).problem.code).toBe("forbidden");
    } else {
      const { problem } = await refusalOf(call);
      expect(problem.code).toBe(byReference.includes(operation) ? "invalid" : "not_found");
    }
  });

  it.each(restCalls.filter(({ operation }) => !own.includes(operation)))(
    "cannot tell acme's from nobody's at $method $url",
    async ({ call }) => {
      const ulid = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
      const nobodys = {
        dataset: `ds_${ulid}`,
        job: `job_${ulid}`,
        model: `mdl_${ulid}`,
        waiting: `job_${ulid}`,
        study: `std_${ulid}`,
        alias: "nobodys",
      };
      const answer = async (of: typeof owned): Promise<[number, string]> => {
        const response = await call(bearer("key-of-rival"), of);
        const text = await response.text();
        return [
          response.status,
          text
            .replaceAll(/(ds|job|mdl|std)_[0-9A-Z]{26}/g, "$1_…")
            .replace(of.alias, "…")
            .replace(/req_[\w-]+/, "…"),
        ];
      };
      expect(await answer(owned)).toEqual(await answer(nobodys));
    },
  );

  it("has harmed nothing", async () => {
    const headers = bearer("key-of-acme");
    for (const path of [`datasets/${owned.dataset}`, `jobs/${owned.job}`, `models/${owned.model}`]) {
      expect((await fetch(`${service.url}/v1/${path}`, { headers })).status).toBe(200);
    }
    const waiting = (await (await fetch(`${service.url}/v1/jobs/${owned.waiting}`, { headers })).json()) as Job;
    expect(waiting.state).toBe("queued");
  });
});

describe("without a key that may", () => {
  it.each(restCalls)("$method $url is closed", async ({ operation, call }) => {
    for (const headers of [{}, bearer("key-of-nobody"), { authorization: "Basic eDp5" }]) {
      const response = await call(headers as Record<string, string>);
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toContain("Bearer");
      await response.text();
    }
    for (const scope of all.filter((each) => each !== operations[operation].scope)) {
      const response = await call(bearer(`only-${scope}`));
      expect([scope, response.status]).toEqual([scope, 403]);
      await response.text();
    }
  });

  it.each(Object.keys(operations) as OperationName[])("%s is closed", async (operation) => {
    for (const key of [null, "key-of-nobody"]) {
      expect((await refusalOf(grpcCalls()[operation](metadataOf(key)))).status).toBe("UNAUTHENTICATED");
    }
    for (const scope of all.filter((each) => each !== operations[operation].scope)) {
      expect((await refusalOf(grpcCalls()[operation](metadataOf(`only-${scope}`)))).status).toBe("PERMISSION_DENIED");
    }
  });

  it("health and the documents of the contract stay open", async () => {
    for (const path of ["/healthz", "/readyz", "/openapi.json", "/descriptors.binpb", "/docs/api"]) {
      expect((await fetch(`${service.url}${path}`)).status).toBe(200);
    }
  });
});
