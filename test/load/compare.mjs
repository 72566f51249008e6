import autocannon from "autocannon";

const connections = 32;

const measure = async (url, request, seconds) => {
  const {
    "2xx": served,
    non2xx,
    errors,
    duration,
    latency,
  } = await autocannon({
    ...{ url, connections, duration: seconds, requests: [request] },
  });
  return { served, failed: non2xx + errors, seconds: duration, p99: latency.p99 };
};

const total = (runs) => {
  const served = runs.reduce((sum, run) => sum + run.served, 0);
  const seconds = runs.reduce((sum, run) => sum + run.seconds, 0);
  return { perSecond: served / seconds, failed: runs.reduce((sum, run) => sum + run.failed, 0) };
};

/**
 * Submissions and status polls a second of both servers, taking turns so that whatever else the machine does meets both alike.
 * Each of `sides` is `{ url, submit, pollOf(id) }`.
 */
export const compare = async ({ descent, bare }, { seconds, rounds }) => {
  const firstId = async ({ url, submit }) => {
    const { method, headers, body } = submit;
    return (await (await fetch(url + submit.path, { method, headers, body })).json()).id;
  };
  const requests = {
    descent: { submission: descent.submit, poll: descent.pollOf(await firstId(descent)) },
    bare: { submission: bare.submit, poll: bare.pollOf(await firstId(bare)) },
  };
  const results = [];
  for (const what of ["submission", "poll"]) {
    const runs = { descent: [], bare: [] };
    for (let round = 0; round <= rounds; round++)
      for (const [name, { url }] of Object.entries({ bare, descent })) {
        const run = await measure(url, requests[name][what], round === 0 ? 1 : seconds);
        if (round > 0) runs[name].push(run); // the first is for the compiler
      }
    const [own, other] = [total(runs.descent), total(runs.bare)];
    results.push({
      ...{ what, descent: own.perSecond, bare: other.perSecond, ratio: own.perSecond / other.perSecond },
      failed: own.failed + other.failed,
      p99: {
        descent: Math.max(...runs.descent.map(({ p99 }) => p99)),
        bare: Math.max(...runs.bare.map(({ p99 }) => p99)),
      },
    });
  }
  return results;
};
