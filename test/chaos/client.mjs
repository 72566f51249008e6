import { setTimeout as delay } from "node:timers/promises";

const ANSWER_MS = 10_000;
const PAUSE_MS = 100;
/** What is not back by then never will be: as long as a job that met many crashes waits for those of others. */
export const PATIENCE_MS = 120_000;
/** What a client may meet while something is down, and comes back from. */
const again = new Set([429, 503]);

const jsonPage = { headers: { accept: "application/json" } };

/** A client as the documentation asks for one: it repeats what was not answered, with the same idempotency key. An error when its patience is at an end. */
export const createClient = (url) => {
  const once = (path, options = {}) => fetch(url + path, { ...options, signal: AbortSignal.timeout(ANSWER_MS) });

  const persistently = async (path, options) => {
    const startMs = performance.now();
    let last = null;
    while (performance.now() - startMs < PATIENCE_MS) {
      try {
        const response = await once(path, options);
        last = response.status;
        const body = await response.json();
        // The one refusal of another status that is for now: a plan for which the processors had no time.
        if (!again.has(last) && !/^planning .* took longer/.test(body.detail)) return { status: last, body };
      } catch (error) {
        if (!(error instanceof TypeError || error.name === "TimeoutError" || error.name === "SyntaxError")) throw error;
        last = error.cause?.code ?? error.name;
      }
      await delay(PAUSE_MS);
    }
    throw new Error(`${path}: not answered for ${PATIENCE_MS / 1000} s, at last ${last}`);
  };
  const expecting = async (status, path, options) => {
    const answer = await persistently(path, options);
    if (answer.status !== status) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const json = (body, headers = {}) => ({
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });

  return {
    once,
    upload: (csv) =>
      expecting(201, "/v1/datasets?name=chaos", { method: "POST", headers: { "content-type": "text/csv" }, body: csv }),
    post: (path, body, key) => expecting(202, path, json(body, { "idempotency-key": key })),
    get: (path) => persistently(path),
    submit: (spec, key) => expecting(202, "/v1/jobs", json(spec, { "idempotency-key": key })),
    /** 409 when it came too late: the job is done. */
    request: (id, verb) => persistently(`/v1/jobs/${id}/${verb}`, { method: "POST" }),
    job: (id) => persistently(`/v1/jobs/${id}`),
    events: async (id) => (await expecting(200, `/v1/jobs/${id}/events?limit=1000`, jsonPage)).items,
    model: (id) => expecting(200, `/v1/models/${id}`),
    async finished(id) {
      for (;;) {
        const { status, body } = await persistently(`/v1/jobs/${id}?wait=2`);
        if (status !== 200 || body.done) return status === 200 ? body : null;
      }
    },
    async all(path) {
      const items = [];
      for (let token = null; ; ) {
        const page = await expecting(200, `${path}?pageSize=100${token === null ? "" : `&pageToken=${token}`}`);
        items.push(...(page.items ?? page.models ?? page.jobs));
        token = page.nextPageToken;
        if (!token) return items;
      }
    },
  };
};
