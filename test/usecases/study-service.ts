import type { Metrics } from "../../src/domain/jobs/job.ts";
import { startTestService, type TestService } from "./service.ts";

/** A service whose jobs, which end without computing, leave the metrics that studies go by. */
export const startStudyService = (left: () => Metrics): Promise<TestService> =>
  startTestService({
    deps: (plain) => ({
      ...plain,
      jobs: {
        ...plain.jobs,
        succeed: (fence, model, metrics, at) => plain.jobs.succeed(fence, model, { ...metrics, ...left() }, at),
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
