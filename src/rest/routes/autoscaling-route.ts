import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { PoolName } from "../../domain/jobs/pool.ts";
import type { Admit } from "../../usecases/admission/caller.ts";
import { parse } from "../../usecases/admission/parse.ts";

/** What decides how many trainers there should be, in a pool or in all; of all tenants together. */
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

/** For autoscalers that read JSON, as KEDA's `metrics-api` does: the numbers of `/metrics` that they need, of `?pool=` or of all, under the same scope. */
export const registerAutoscaling = (
  app: FastifyInstance,
  admit: Admit,
  load: (pool: string | null) => Promise<QueueLoad>,
): void => {
  app.get("/metrics/queue", { schema: { hide: true } }, async (request, reply) => {
    request.caller = await admit("readMetrics", request.headers.authorization, request.ip);
    const { pool = null } = parse(z.strictObject({ pool: PoolName.optional() }), request.query);
    return reply.header("cache-control", "no-store").send(await load(pool));
  });
};

/** Open to everyone, as health is: which version answers. */
export const registerVersion = (app: FastifyInstance, version: string): void => {
  app.get("/version", { schema: { hide: true } }, async () => ({ name: "descent", version }));
};
