import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dataShape } from "../../../src/data/preprocessing/data-shape.ts";
import type { Plan } from "../../../src/domain/jobs/job.ts";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import { isClusteringModel } from "../../../src/engine/cluster/plan-clustering.ts";
import type { JobSpec } from "../../../src/grpc/generated/descent/v1/job_spec.ts";
import { fromJobSpec } from "../../../src/grpc/job-spec.ts";
import { ask, type Clients, connectClients, uploadFile } from "../../grpc/clients.ts";
import { partsOf } from "../../grpc/parts.ts";
import { startTestService, type TestService } from "../../usecases/service.ts";
import { runJob } from "./job.ts";
import { type Body, table, vocabulary } from "./vocabulary.ts";

let service: TestService;
let clients: Clients;
let dataset = "";
beforeAll(async () => {
  service = await startTestService();
  clients = connectClients(service.grpcAddress);
  dataset = (await uploadFile(clients, table())).id;
});
afterAll(async () => {
  clients.close();
  await service.close();
});

const overRest = async (body: Body): Promise<Plan & { spec: ResolvedJobSpec }> => {
  const response = await fetch(`${service.url}/v1/jobs?validateOnly=true`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...body, dataset }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(JSON.stringify(answer));
  return answer as Plan & { spec: ResolvedJobSpec };
};

const overGrpc = async ({ task, ...rest }: Body) => {
  const parts = { ...rest, ...partsOf(rest, "typed") };
  const spec = { ...parts, dataset, task: { features: [], exclude: [], ...task }, labels: {} } as unknown as JobSpec;
  return ask(clients.jobs, clients.jobs.validateJob, { spec });
};

/** Whose labels here are none of theirs; what they learn is tested where inference is. */
const needsPositives: ReadonlySet<string> = new Set(["gamma_nll", "negative_binomial_nll"]);

/** Two epochs end, and the loss is a number. */
const expectTrains = async (asked: ResolvedJobSpec): Promise<void> => {
  const spec = { ...asked, training: { ...asked.training, epochs: 2 } };
  const shape = dataShape(spec, await service.deps.catalogue.dataset("default", dataset), null);
  const classes = { cross_entropy: 3, binary_cross_entropy: 2, poisson_nll: 5 };
  const { result } = await runJob(spec, shape, { classes: classes[spec.loss.type as keyof typeof classes] ?? -1 });
  expect(result.outcome).toBe("finished");
  expect(Number.isFinite(result.metrics.trainLoss)).toBe(true);
};

describe.each(Object.entries(vocabulary))("%s:", (_kind, words) => {
  it.each(Object.entries(words as Record<string, Body>))("%s", async (_word, body) => {
    const { spec, ...plan } = await overRest(body);
    // Everything that was asked for is in the answer as it was asked for.
    expect(spec).toMatchObject(body);
    expect(plan.parameters).toBeGreaterThan(0);
    expect(plan.memoryBytes % 65536).toBe(0);
    expect(plan.flopsPerStep).toBeGreaterThan(0);
    const answer = await overGrpc(body);
    const { model, loss, optimizer, training } = spec;
    expect(fromJobSpec(answer.spec)).toMatchObject({ model, loss, optimizer, training });
    const { parameters, memoryBytes, flopsPerStep } = plan;
    expect(answer.plan).toMatchObject({ parameters, memoryBytes, flopsPerStep });
    if (!isClusteringModel(spec.model) && !needsPositives.has(spec.loss.type)) await expectTrains(spec);
  });
});
