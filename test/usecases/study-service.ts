import type { Metrics } from "../../src/domain/jobs/job.ts";
import { encodeSafetensors } from "../../src/formats/safetensors/safetensors.ts";
import { artifactKeys } from "../../src/store/artifacts/artifact-store.ts";
import { startTestService, type TestService } from "./service.ts";

/** A service whose jobs, which end without computing, leave the metrics that studies go by, and the losses of rows or groups that `scores` has. */
export const startStudyService = (
  left: () => Metrics,
  scores: () => Float32Array | null = () => null,
): Promise<TestService> =>
  startTestService({
    deps: (plain) => ({
      ...plain,
      jobs: {
        ...plain.jobs,
        succeed: async (fence, model, metrics, at) => {
          const data = scores();
          const { id, digest } = model;
          const key = artifactKeys.scores(fence.tenant, id, digest.replace("sha256:", ""));
          const file = data && encodeSafetensors([{ name: "loss", dtype: "F32", shape: [data.length], data }]);
          const files = { ...model.files!, ...(file && { scores: await plain.artifacts.write(key, file) }) };
          return plain.jobs.succeed(fence, { ...model, files }, { ...metrics, ...left() }, at);
        },
      },
    }),
  });

/** Asks below `/v1/studies`: GET without a body, POST with one. */
export const callStudies =
  (service: () => TestService) =>
  async <T>(path: string, body?: unknown): Promise<T> => {
    const headers = { "content-type": "application/json", accept: "application/json" };
    const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    return (await fetch(`${service().url}/v1/studies${path}`, { headers, ...sent })).json() as Promise<T>;
  };
