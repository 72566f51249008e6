import { setTimeout as delay } from "node:timers/promises";
import { frozen, onPart, onTrainers, untilAnswered } from "./faults.mjs";
import { signal } from "./service.mjs";

const oneOf = (random, items) => items[random.below(items.length)];
const leases = (context, from, to) => context.random.between(from, to) * context.leaseMs;

const cutOff = { change: (machine) => machine.cut(), back: (machine) => machine.mend() };

/** A trainer's link, changed for a while. */
const onLink = (context, ms, { change, back }) => {
  const machine = oneOf(context.random, context.service.machines);
  let healed = null;
  return onTrainers(context, [machine.trainerPid()], async () => {
    change(machine);
    healed = delay(ms).then(() => back(machine));
  }).finally(() => healed);
};

/** A trainer's link changed for some leases, and nothing that has to be recovered from. */
const onLinkBriefly = async (context, from, to, { change, back }) => {
  const machine = oneOf(context.random, context.service.machines);
  change(machine);
  await delay(leases(context, from, to));
  back(machine);
  return [];
};

/** The store away for a while; until rows of a data set are read again, from its return. */
const onBucket = async ({ client, dataset, service: { bucket } }, fault, ms) => {
  bucket.away(fault);
  await delay(ms);
  bucket.away(null);
  return [await untilAnswered(client, `/v1/datasets/${dataset}/rows?limit=1`, performance.now())];
};

/** What goes wrong beside the rest where the parts are on several machines. */
export const machineFaults = [
  {
    name: "trainer cut off beyond its lease",
    weight: 6,
    run: (context) => onLink(context, leases(context, 1.2, 3), cutOff),
  },
  {
    name: "trainer cut off beyond its lease, silently",
    weight: 4,
    run: (context) =>
      onLink(context, leases(context, 1.2, 3), { change: (each) => each.lose(1), back: (each) => each.loseNone() }),
  },
  {
    name: "trainer cut off briefly",
    weight: 2,
    run: (context) => onLinkBriefly(context, 0.1, 0.7, cutOff),
  },
  {
    name: "a trainer's packets lost",
    weight: 3,
    run: (context) =>
      onLinkBriefly(context, 0.5, 3, {
        change: (each) => each.lose(context.random.between(0.1, 0.4)),
        back: (each) => each.loseNone(),
      }),
  },
  {
    name: "a trainer's link narrow",
    weight: 2,
    run: (context) =>
      onLinkBriefly(context, 0.5, 3, {
        change: (each) => each.slow(context.random.between(64, 512)),
        back: (each) => each.slowNoMore(),
      }),
  },
  {
    name: "master frozen until another is elected",
    weight: 4,
    run: async (context) => {
      const ms = context.random.between(3000, 12_000);
      return onPart(context, await context.service.redisPid(), (pid) => {
        void frozen(pid, ms);
      });
    },
  },
  {
    name: "replica SIGKILL",
    weight: 2,
    run: async (context) =>
      onPart(context, oneOf(context.random, await context.service.redis.replicaPids()), (pid) =>
        signal(pid, "SIGKILL"),
      ),
  },
  {
    name: "Sentinel SIGKILL",
    weight: 2,
    run: (context) =>
      onPart(context, oneOf(context.random, context.service.redis.sentinelPids()), (pid) => signal(pid, "SIGKILL")),
  },
  {
    name: "master and replicas SIGKILL",
    weight: 1,
    run: (context) => {
      const pids = context.service.redis.pids();
      return onPart(context, pids[0], () => pids.map((pid) => signal(pid, "SIGKILL")));
    },
  },
  ...[
    ["refuses", { kind: "refuse", status: 503, code: "SlowDown" }],
    ["fails", { kind: "refuse", status: 500, code: "InternalError" }],
    ["cuts connections", { kind: "cut" }],
    ["answers nothing", { kind: "hang" }],
  ].map(([what, fault]) => ({
    name: `S3 ${what}`,
    weight: 2,
    run: (context) => onBucket(context, fault, context.random.between(500, 12_000)),
  })),
];
