import type { FastifyInstance } from "fastify";
import type { Admit } from "../../usecases/admission/caller.ts";

/** What decides how many trainers there should be; of all tenants together. */
export interface QueueLoad {
  /** What the jobs that wait are planned to take one trainer. */
  waitingSeconds: number;
  waitingJobs: number;
  /** Jobs that trainers hold. */
  activeJobs: number;
  /** Threads of trainers whose jobs use them: a trainer that computes is not to be taken away. */
  usedThreads: number;
  /** Trainers that gave a heartbeat lately. */
  trainers: number;
}

/** For autoscalers that read JSON, as KEDA's `metrics-api` does: the numbers of `/metrics` that they need, under the same scope. */
export const registerAutoscaling = (app: FastifyInstance, admit: Admit, load: () => Promise<QueueLoad>): void => {
  app.get("/metrics/queue", { schema: { hide: true } }, async (request, reply) => {
    request.caller = await admit("readMetrics", request.headers.authorization, request.ip);
    return reply.header("cache-control", "no-store").send(await load());
  });
};

/** Open to everyone, as health is: which version answers. */
export const registerVersion = (app: FastifyInstance, version: string): void => {
  app.get("/version", { schema: { hide: true } }, async () => ({ name: "descent", version }));
};
