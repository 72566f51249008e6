// What a team would write first: Fastify and BullMQ, a job added on POST and looked up on GET. No checks, no plan, no record of its own,
// no history, no tenants, no idempotency, no limits. Its Redis has the settings of Descent's: every write is synced before it is answered.
import { Queue } from "bullmq";
import Fastify from "fastify";
import { startPrivateRedis } from "../../dist/src/main/private-redis/private-redis.js";
import { parseRedisAddress } from "../../dist/src/store/redis/connection/redis-address.js";

const quiet = { info() {}, warn() {}, error() {} };
const redis = await startPrivateRedis({ folder: process.argv[2], log: quiet, mayInstall: false });
const queue = new Queue("bare", { connection: parseRedisAddress(redis.url).options });
const app = Fastify();

app.post("/jobs", async (request, reply) => {
  const job = await queue.add("train", request.body);
  return reply.code(202).send({ id: job.id });
});
app.get("/jobs/:id", async (request, reply) => {
  const job = await queue.getJob(request.params.id);
  if (job === undefined) return reply.code(404).send({ error: "not found" });
  return { id: job.id, state: await job.getState(), spec: job.data, progress: job.progress };
});

const url = await app.listen({ host: "127.0.0.1", port: 0 });
let stopping = false;
const stop = async () => {
  if (stopping) return;
  stopping = true;
  await app.close();
  await queue.close();
  await redis.stop();
  process.exit(0);
};
for (const told of ["message", "disconnect", "SIGTERM", "SIGINT"]) process.on(told, stop);
process.send({ url });
