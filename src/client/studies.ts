import { createListing, following, type Listing, type ListOptions } from "./pages.ts";
import { pause, type RequestOptions, type Transport } from "./transport.ts";
import type { Importances, JobEvent, Leaderboard, Study, StudyPlan, StudySpec, Trial } from "./types.ts";
import { type WatchOptions, watchEvents } from "./watch-job.ts";

const lookMs = 1000;

/** Searches for hyper-parameters. */
export const studiesOf = (transport: Transport) => {
  const at = (study: string, part = ""): string => `/v1/studies/${encodeURIComponent(study)}${part}`;
  const get = (study: string, options?: RequestOptions) => transport.json<Study>(at(study), options);
  const steer =
    (action: "cancel" | "pause" | "resume") =>
    (study: string, options: RequestOptions = {}): Promise<Study> =>
      transport.json<Study>(at(study, `/${action}`), { method: "POST", repeatable: true, ...options });
  return {
    submit: (
      spec: StudySpec,
      { idempotencyKey, ...options }: RequestOptions & { idempotencyKey?: string } = {},
    ): Promise<Study> => {
      const headers = { "idempotency-key": idempotencyKey ?? crypto.randomUUID() };
      return transport.json<Study>("/v1/studies", {
        ...{ method: "POST", json: spec, headers, repeatable: true },
        ...options,
      });
    },
    /** What it would cost, and its space; nothing is stored. */
    plan: (spec: StudySpec, options?: RequestOptions) =>
      transport.json<StudyPlan>("/v1/studies", {
        ...{ method: "POST", json: spec, query: { validateOnly: "true" }, repeatable: true },
        ...options,
      }),
    get,
    list: (options: ListOptions = {}): Listing<Study> => createListing<Study>(transport, "/v1/studies", { ...options }),
    /** In the order of their numbers. */
    trials: (study: string, options: ListOptions = {}): Listing<Trial> =>
      createListing<Trial>(transport, at(study, "/trials"), { ...options }),
    /** All trials as CSV, with a column for each pointer of the space. */
    csv: async (study: string, options?: RequestOptions): Promise<string> =>
      (await transport.send(at(study, "/trials.csv"), { headers: { accept: "text/csv" }, ...options })).text(),
    /** Its trials as event files of TensorBoard, a tar archive; as a response to stream from. */
    tensorboard: (study: string, options?: RequestOptions) =>
      transport.send(at(study, "/tensorboard"), { headers: { accept: "*/*" }, ...options }),
    leaderboard: (study: string, options?: RequestOptions) =>
      transport.json<Leaderboard>(at(study, "/leaderboard"), options),
    importances: (study: string, options?: RequestOptions) =>
      transport.json<Importances>(at(study, "/importances"), options),
    /** Values that the next trial is to have. */
    suggest: (study: string, values: Trial["values"], options?: RequestOptions) =>
      transport.json<Study>(at(study, "/trials"), { method: "POST", json: { values }, ...options }),
    events: (study: string, options: RequestOptions & { after?: string } = {}) =>
      following<JobEvent>(transport, at(study, "/events"), options),
    watch: (study: string, options?: WatchOptions) => watchEvents(transport, at(study, "/events"), options),
    /** The study once it is done, whatever it came to. */
    wait: async (study: string, options: RequestOptions = {}): Promise<Study> => {
      for (;;) {
        const seen = await get(study, options);
        if (seen.done) return seen;
        await pause(lookMs, options.signal);
      }
    },
    cancel: steer("cancel"),
    pause: steer("pause"),
    resume: steer("resume"),
    delete: async (study: string, options?: RequestOptions): Promise<void> => {
      await transport.send(at(study), { method: "DELETE", ...options });
    },
  };
};
