import { setTimeout as delay } from "node:timers/promises";
import { PATIENCE_MS } from "./client.mjs";
import { signal } from "./service.mjs";

const LOOK_MS = 20;

/** Milliseconds from `startMs` until the API answers a path; null if it never does. */
export const untilAnswered = async (client, path, startMs) => {
  while (performance.now() - startMs < PATIENCE_MS) {
    const response = await client.once(path).catch(() => null);
    await response?.arrayBuffer().catch(() => null);
    if (response?.status === 200) return performance.now() - startMs;
    await delay(LOOK_MS);
  }
  return null;
};

/** The process that computes this job, by its record's word; a record that does not say it would make every recovery look like none. */
const holderOf = ({ state, history }) => {
  if (state !== "running") return null;
  const { reason } = history.findLast(({ state }) => state === "running");
  const pid = /taken up by \S*:(\d+)/.exec(reason)?.[1];
  if (pid === undefined) throw new Error(`no trainer's process in "${reason}"`);
  return pid;
};

/** The jobs that these trainers compute right now. */
const heldBy = async ({ client, pending }, pids) => {
  const jobs = await Promise.all([...pending].map(async (id) => (await client.job(id)).body));
  return jobs.filter((job) => pids.includes(Number(holderOf(job))));
};

/** Milliseconds from `startMs` until each of the jobs is with a trainer again, or needs none any more. */
const untilTakenUp = ({ client }, jobs, startMs) =>
  Promise.all(
    jobs.map(async ({ id, attempt }) => {
      while (performance.now() - startMs < PATIENCE_MS) {
        const { body } = await client.job(id);
        if (body.attempt > attempt || body.done || body.state === "paused") return performance.now() - startMs;
        await delay(LOOK_MS);
      }
      return null;
    }),
  );

export const onTrainers = async (context, pids, act) => {
  const held = await heldBy(context, pids);
  const startMs = performance.now();
  await act();
  return untilTakenUp(context, held, startMs);
};

const oneTrainer = ({ service, random }) => {
  const alive = service.alive("trainer");
  return alive.length === 0 ? [] : [alive[random.below(alive.length)]];
};

export const frozen = async (pid, ms) => {
  if (!signal(pid, "SIGSTOP")) return;
  await delay(ms);
  signal(pid, "SIGCONT");
};

export const onPart = async ({ client }, pid, act) => {
  if (pid === null || pid === undefined) return [];
  await act(pid);
  // A listing needs Redis too.
  return [await untilAnswered(client, "/v1/jobs?pageSize=1", performance.now())];
};

/**
 * What goes wrong, how often, and how long the service took to be itself again: for trainers and their engines, until each job they
 * held was with a trainer again; for Redis and the API, from their return (a freeze's end, or the kill itself) until a listing was answered.
 */
export const faults = [
  {
    name: "trainer SIGKILL",
    weight: 6,
    run: (context) => {
      const pids = oneTrainer(context);
      return onTrainers(context, pids, () => pids.map((pid) => signal(pid, "SIGKILL")));
    },
  },
  {
    name: "all trainers SIGKILL",
    weight: 2,
    run: (context) => {
      const pids = context.service.alive("trainer");
      return onTrainers(context, pids, () => pids.map((pid) => signal(pid, "SIGKILL")));
    },
  },
  {
    name: "trainer SIGTERM",
    weight: 4,
    run: (context) => {
      const pids = oneTrainer(context);
      return onTrainers(context, pids, () => pids.map((pid) => signal(pid, "SIGTERM")));
    },
  },
  {
    name: "trainer frozen beyond its lease",
    weight: 4,
    run: (context) => {
      const pids = oneTrainer(context);
      const ms = context.random.between(1.2, 2.2) * context.leaseMs;
      return onTrainers(context, pids, async () => {
        void Promise.all(pids.map((pid) => frozen(pid, ms)));
      });
    },
  },
  {
    name: "trainer frozen briefly",
    weight: 2,
    run: async (context) => {
      const ms = context.random.between(0.1, 0.7) * context.leaseMs;
      for (const pid of oneTrainer(context)) await frozen(pid, ms);
      return [];
    },
  },
  {
    name: "engine thread crashed",
    weight: 3,
    run: (context) => {
      const pids = oneTrainer(context);
      return onTrainers(context, pids, () => pids.map((pid) => signal(pid, "SIGUSR2")));
    },
  },
  {
    name: "engine thread hung",
    weight: 3,
    run: (context) => {
      const pids = oneTrainer(context);
      return onTrainers(context, pids, () => pids.map((pid) => signal(pid, "SIGPROF")));
    },
  },
  {
    name: "Redis restarted",
    weight: 2,
    run: async (context) => onPart(context, await context.service.redisPid(), (pid) => signal(pid, "SIGTERM")),
  },
  {
    name: "Redis SIGKILL",
    weight: 4,
    run: async (context) => onPart(context, await context.service.redisPid(), (pid) => signal(pid, "SIGKILL")),
  },
  {
    name: "Redis frozen",
    weight: 4,
    run: async (context) => {
      const ms = context.random.between(300, 5000);
      return onPart(context, await context.service.redisPid(), (pid) => frozen(pid, ms));
    },
  },
  {
    name: "API SIGKILL",
    weight: 3,
    run: (context) => onPart(context, context.service.alive("api").at(-1), (pid) => signal(pid, "SIGKILL")),
  },
  {
    name: "API frozen",
    weight: 2,
    run: (context) => {
      const ms = context.random.between(200, 3000);
      return onPart(context, context.service.alive("api").at(-1), (pid) => frozen(pid, ms));
    },
  },
];
