// A process of its own that asks the service, so that asking and measuring do not share an event loop. One order by message:
//   { url, kinds: [{ name, share, method, path, headers, body }], seconds, seed, connections, rate }
// With `rate` (requests a second) it asks at that pace whatever the answers do (open loop), over at most `connections`; without, each
// connection asks again when it has its answer (closed loop). Answers with what came of it.
import { createRandom } from "../chaos/random.mjs";
import { createConnection, encodeRequest } from "./connection.mjs";

/** After the last request, for its answer. */
const graceMs = 20_000;

const createTally = () => {
  const counts = new Map();
  const errors = new Map();
  const times = { served: [], refused: [] };
  const acknowledged = [];
  let withoutRetryAfter = 0;
  const add = (map, key) => map.set(key, (map.get(key) ?? 0) + 1);
  return {
    note(kind, answer, ms) {
      if (answer.error !== undefined) return add(errors, `${kind.name}: ${answer.error}`);
      add(counts, `${kind.name} ${answer.status}`);
      const refused = answer.status === 429 || answer.status === 503;
      if (refused && answer.retryAfter === null) withoutRetryAfter += 1;
      if (refused || answer.status < 300) times[refused ? "refused" : "served"].push(ms);
      if (answer.status !== 202) return;
      acknowledged.push(/"id":"(job_[0-9A-Z]+)"/.exec(answer.body.latin1Slice(0, 200))[1]);
    },
    result: () => ({
      counts: [...counts].map(([key, count]) => {
        const [kind, status] = key.split(" ");
        return { kind, status: Number(status), count };
      }),
      errors: Object.fromEntries(errors),
      servedMs: times.served.sort((a, b) => a - b),
      refusedMs: times.refused.sort((a, b) => a - b),
      withoutRetryAfter,
      acknowledged,
    }),
  };
};

const run = ({ url, kinds, seconds, seed, connections, rate }) =>
  new Promise((resolve) => {
    const { hostname: host, port } = new URL(url);
    const encoded = kinds.map((kind) => ({
      ...kind,
      weight: kind.share,
      bytes: encodeRequest(kind, `${host}:${port}`),
    }));
    const random = createRandom(seed);
    const draw = () => random.weighted(encoded);
    const idle = Array.from({ length: connections }, () => createConnection({ host, port }));
    const all = [...idle];
    const tally = createTally();
    const startMs = performance.now();
    const endMs = startMs + seconds * 1000;
    let [sent, answered, due] = [0, 0, 0];

    const finish = () => {
      clearInterval(pace);
      clearTimeout(limit);
      for (const connection of all) connection.close();
      resolve({ sent, unsent: Math.max(0, due - sent), unanswered: sent - answered, seconds, ...tally.result() });
    };
    const ask = () => {
      const connection = idle.pop();
      const kind = draw();
      const askedMs = performance.now();
      sent += 1;
      connection.send(kind.bytes, (answer) => {
        answered += 1;
        const nowMs = performance.now();
        tally.note(kind, answer, nowMs - askedMs);
        idle.push(connection);
        if (nowMs >= endMs) return void (answered === sent && finish());
        if (rate === undefined) ask();
      });
    };
    const pace = setInterval(() => {
      const nowMs = performance.now();
      if (nowMs >= endMs) {
        clearInterval(pace);
        if (answered === sent) finish();
        return;
      }
      if (rate === undefined) return;
      due = Math.floor(((nowMs - startMs) / 1000) * rate);
      while (sent < due && idle.length > 0) ask();
    }, 1);
    const limit = setTimeout(finish, seconds * 1000 + graceMs);
    if (rate === undefined) while (idle.length > 0) ask();
  });

process.on("message", async (order) => {
  const result = await run(order);
  process.send(result, () => process.disconnect());
});
