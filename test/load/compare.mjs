import autocannon from "autocannon";
import { processorSecondsOf } from "./processes.mjs";

const connections = 32;
const milliseconds = 1000;

const measure = async ({ url, pid }, request, seconds) => {
  const before = await processorSecondsOf(pid);
  const {
    "2xx": served,
    non2xx,
    errors,
    duration,
    latency,
  } = await autocannon({
    ...{ url, connections, duration: seconds, requests: [request] },
  });
  const used = before === null ? null : (await processorSecondsOf(pid)) - before;
  return { served, failed: non2xx + errors, seconds: duration, p50: latency.p50, p99: latency.p99, used };
};

const total = (runs, each = 1) => {
  const sum = (name) => runs.reduce((all, run) => all + run[name], 0);
  return {
    perSecond: (each * sum("served")) / sum("seconds"),
    processorMs: runs[0].used === null ? null : (milliseconds * sum("used")) / (each * sum("served")),
    p50: runs.map(({ p50 }) => p50).sort((a, b) => a - b)[Math.floor(runs.length / 2)],
    p99: Math.max(...runs.map(({ p99 }) => p99)),
    failed: sum("failed"),
  };
};

const unlike = ({ submit, another }) => {
  let count = 0;
  return { ...submit, setupRequest: (request) => ({ ...request, body: another(count++) }) };
};

/**
 * Status polls and submissions a second of both servers, taking turns so that whatever else the machine does meets both alike; of Descent's also jobs in batches, beside the bare
 * server's single ones, and jobs that are each unlike those before. Polls come first: BullMQ looks for a job's state through the list of those that wait, and it is short then. Each of the sides is
 * `{ url, pid, submit, another(n), pollOf(id), batch, batchJobs }`, the last two of Descent; `another` is the body of the nth job that is like no other.
 */
export const compare = async (sides, { seconds, rounds }) => {
  const firstId = async ({ url, submit: { path, method, headers, body } }) =>
    (await (await fetch(url + path, { method, headers, body })).json()).id;
  const requests = {};
  for (const [name, side] of Object.entries(sides))
    requests[name] = {
      ...{ poll: side.pollOf(await firstId(side)), submission: side.submit },
      "submission of another": unlike(side),
      ...{ "job in a batch": side.batch ?? side.submit },
    };
  const results = [];
  for (const what of ["poll", "submission", "submission of another", "job in a batch"]) {
    const runs = { descent: [], bare: [] };
    for (let round = 0; round <= rounds; round++)
      for (const name of ["bare", "descent"]) {
        const run = await measure(sides[name], requests[name][what], round === 0 ? 1 : seconds);
        if (round > 0) runs[name].push(run); // the first is for the compiler
      }
    const each = what === "job in a batch" ? sides.descent.batchJobs : 1;
    const [descent, bare] = [total(runs.descent, each), total(runs.bare)];
    results.push({ what, descent, bare, ratio: descent.perSecond / bare.perSecond });
  }
  return results;
};
