import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Problem } from "../../src/domain/errors.ts";
import type { Job } from "../../src/domain/jobs/job.ts";
import type { Importances, Leaderboard } from "../../src/domain/studies/standing.ts";
import type { Study, Trial } from "../../src/domain/studies/study.ts";
import { dimensionsOf, proposedPoint } from "../../src/usecases/studies/course/next-trial.ts";
import { redisPidOf } from "./redis-pid.ts";
import { createRestClient, dataFile, type RestClient } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });

const asked = (dataset: string, label: string) => ({ dataset, task: { type: "classification", label } });

describe("a study", () => {
  let service: Service;
  let client: RestClient;
  let dataDir: string;
  let iris: string;
  beforeAll(async () => {
    dataDir = await createDataDir();
    service = await startService(dataDir, {
      ...{ WORKERS: "2", LEASE_SECONDS: "3", CHECKPOINT_SECONDS: "0.5" },
      // An API that is started again has the same port.
      PORT: String(await freePort()),
    });
    client = createRestClient(service.url);
    iris = (await client.upload("iris", await dataFile("iris"))).id;
  });
  afterAll(async () => {
    await service?.stop();
    await removeDataDir(dataDir);
  });

  const get = async <T>(path: string): Promise<T> => (await client.call<T>(path)).body;
  const start = async (spec: unknown): Promise<Study> => {
    const { status, body } = await client.post<Study & Problem>("/v1/studies", spec);
    expect(status, JSON.stringify(body)).toBe(202);
    return body;
  };
  /** Follows the study's events to its end; the connection may break on the way. */
  const untilDone = async (id: string): Promise<Study> => {
    for (;;) {
      const response = await fetch(`${service.url}/v1/studies/${id}/events`, {
        headers: { accept: "text/event-stream" },
      }).catch(() => null);
      if (response?.ok) await response.text().catch(() => "");
      else await response?.text();
      const study = await client.call<Study>(`/v1/studies/${id}`).catch(() => null);
      if (study?.status === 200 && study.body.done) return study.body;
    }
  };
  /** Follows the study's events until this trial was proposed, or the study is done. */
  const untilTrial = async (id: string, number: number): Promise<void> => {
    for (;;) {
      const gone = new AbortController();
      const response = await fetch(`${service.url}/v1/studies/${id}/events`, {
        headers: { accept: "text/event-stream" },
        signal: gone.signal,
      }).catch(() => null);
      let text = "";
      try {
        for await (const chunk of response?.body?.pipeThrough(new TextDecoderStream()) ?? []) {
          text += chunk;
          if (!text.includes(`trial ${number} is proposed`) && !text.includes("event: end")) continue;
          gone.abort();
          return;
        }
      } catch {
        // The server was killed, or lost its Redis: follow anew.
      }
    }
  };
  const trialsOf = async (id: string): Promise<Trial[]> => {
    const trials: Trial[] = [];
    for (let token = ""; ; ) {
      const page = await get<{ items: Trial[]; nextPageToken: string | null }>(
        `/v1/studies/${id}/trials?pageSize=7${token}`,
      );
      trials.push(...page.items);
      if (page.nextPageToken === null) return trials;
      token = `&pageToken=${page.nextPageToken}`;
    }
  };
  /** Each trial that is no guess is what its sampler proposes from what the record says that it saw. */
  const expectReplayed = (study: Study, trials: readonly Trial[]): void => {
    const dimensions = dimensionsOf(study);
    for (const trial of trials.filter(({ guess }) => !guess))
      expect(proposedPoint(study, dimensions, trials, trial)).toEqual(trial.point);
  };

  test("finds, compares, corrects and trains the choice once more; its proposals follow from its record", async () => {
    const { id } = await start({
      job: { ...asked(iris, "species"), training: { epochs: 10 } },
      space: {
        "/model": {
          choices: [{ type: "softmax" }, { type: "mlp", hidden: [{ min: 4, max: 32, type: "integer", scale: "log" }] }],
        },
        "/optimizer/learningRate": { min: 0.001, max: 0.3, scale: "log" },
      },
      guesses: [{ "/model": { type: "softmax" }, "/optimizer/learningRate": 0.1 }],
      trials: 16,
      parallel: 3,
    });
    const study = await untilDone(id);
    expect(study).toMatchObject({ state: "succeeded", progress: 1, counts: { trials: 16, succeeded: 16 } });
    const trials = await trialsOf(id);
    expect(trials.map(({ number }) => number)).toEqual([...Array(16).keys()]);
    expect(trials[0]).toMatchObject({
      guess: true,
      values: { "/model": { type: "softmax" }, "/optimizer/learningRate": 0.1 },
    });
    expect(new Set(trials.map(({ job }) => job)).size).toBe(16);
    expectReplayed(study, trials);

    const best = Math.min(...trials.map(({ objective }) => objective!));
    expect(study.best?.value).toBe(best);
    expect(study.best!.corrected).toBeGreaterThanOrEqual(best);
    expect(study.best!.lower).toBeLessThan(study.best!.corrected!);
    const job = await client.job(trials[study.best!.trial]!.job);
    expect(job).toMatchObject({
      state: "succeeded",
      spec: { labels: { study: id, trial: String(study.best!.trial) } },
    });
    expect(job.metrics.validationLoss).toBe(best);

    const final = await client.job(study.final!.job);
    expect(final.spec.training).toMatchObject({
      split: { validation: 0 },
      earlyStopping: false,
      epochs: job.metrics.bestEpoch,
    });
    expect((await client.report(final.model!)).split).toBe("test");

    const board = await get<Leaderboard>(`/v1/studies/${id}/leaderboard`);
    expect(board).toMatchObject({ score: "loss", rows: 30 });
    expect(board.items[0]).toMatchObject({ trial: study.best!.trial, tied: true });
    const simplest = board.items
      .filter(({ tied }) => tied)
      .sort((a, b) => a.parameters! - b.parameters! || a.trial - b.trial)[0];
    expect(board.simplest).toBe(simplest?.trial);
    for (const { difference, objective } of board.items.slice(1))
      expect(difference!.value).toBeCloseTo(objective - best, 4);
    const importances = await get<Importances>(`/v1/studies/${id}/importances`);
    expect(importances.items.map(({ name }) => name)).toEqual([
      "/model",
      "/model/1/hidden/0",
      "/optimizer/learningRate",
    ]);

    // What the best model made of each row goes with it: that is said, and the next best takes its place.
    expect(board).toMatchObject({ reference: study.best!.trial, notes: [] });
    expect((await client.call(`/v1/models/${job.model}`, { method: "DELETE" })).status).toBe(204);
    const without = await get<Leaderboard>(`/v1/studies/${id}/leaderboard`);
    expect(without.items[0]).toMatchObject({ trial: study.best!.trial, difference: null });
    expect(without.reference).toBe(board.items[1]!.trial);
    expect(without.items[2]!.difference!.value).toBeCloseTo(board.items[2]!.objective - board.items[1]!.objective, 4);
    expect(without.notes).toMatchObject([{ code: "no_scores", message: expect.stringContaining("was deleted") }]);
  });

  test("with successive halving: the promoted go on from their checkpoints to the weights of jobs that never stopped", async () => {
    const { id } = await start({
      job: {
        ...asked(iris, "species"),
        model: { type: "mlp", hidden: [8] },
        training: { epochs: 16, earlyStopping: false },
      },
      space: { "/optimizer/learningRate": { min: 0.001, max: 0.3, scale: "log" } },
      sampler: { type: "sobol" },
      pruner: { type: "asha", minEpochs: 1 },
      trials: 16,
      final: false,
    });
    const study = await untilDone(id);
    expect(study.state, JSON.stringify(study.error)).toBe("succeeded");
    const trials = await trialsOf(id);
    expectReplayed(study, trials);
    expect(study.counts.stopped + study.counts.succeeded).toBe(16);
    // Of sixteen four may pass the first rung at the end, more where results came late.
    const passed = trials.filter(({ epochs }) => epochs > 1);
    expect(passed.length).toBeGreaterThanOrEqual(4);
    expect(passed.length).toBeLessThan(16);
    const winner = trials[study.best!.trial]!;
    expect(winner).toMatchObject({ state: "succeeded", epochs: 16, reached: [{ epochs: 1 }, { epochs: 4 }] });
    const { spec, model } = await client.job(winner.job);
    const direct = await client.untilDone((await client.submit(spec as never)).id);
    expect((await client.model(direct.model!)).digest).toBe((await client.model(model!)).digest);
    const stopped = await client.job(trials.find(({ state }) => state === "stopped")!.job);
    expect(stopped.state).toBe("cancelled");
  });

  test("is paused, resumed and cancelled with its trials", async () => {
    const { id } = await start({
      job: {
        ...asked(iris, "species"),
        model: { type: "mlp", hidden: [256, 256] },
        training: { epochs: 100_000, earlyStopping: false },
      },
      space: { "/optimizer/learningRate": { min: 0.001, max: 0.3, scale: "log" } },
      trials: 4,
      parallel: 2,
    });
    const jobsOf = async (): Promise<Job[]> => Promise.all((await trialsOf(id)).map(({ job }) => client.job(job)));
    const untilState = async (state: string): Promise<void> => {
      while ((await get<Study>(`/v1/studies/${id}`)).state !== state);
    };
    while ((await trialsOf(id)).filter(({ startedAt }) => startedAt !== null).length < 2);
    await client.post(`/v1/studies/${id}/pause`, {});
    await untilState("paused");
    expect((await jobsOf()).every(({ state }) => state === "paused" || state === "succeeded")).toBe(true);
    await client.post(`/v1/studies/${id}/resume`, {});
    while ((await jobsOf()).some(({ state }) => state === "paused"));
    await client.post(`/v1/studies/${id}/cancel`, {});
    expect(await untilDone(id)).toMatchObject({ state: "cancelled" });
    expect((await jobsOf()).every(({ done }) => done)).toBe(true);
    expect((await client.call(`/v1/studies/${id}`, { method: "DELETE" })).status).toBe(204);
    expect((await client.call(`/v1/studies/${id}`)).status).toBe(404);
  });

  test("survives kills of trainers, API and Redis: no trial is lost, none is run twice, and no proposal is changed", async () => {
    const { id } = await start({
      job: {
        ...asked(iris, "species"),
        model: { type: "mlp", hidden: [32] },
        training: { epochs: 300, earlyStopping: false },
      },
      space: {
        "/optimizer/learningRate": { min: 0.001, max: 0.3, scale: "log" },
        "/model/dropout": { min: 0, max: 0.5 },
      },
      pruner: { type: "asha", minEpochs: 20 },
      trials: 24,
      parallel: 4,
    });
    const apis = new Set<number>();
    const pidOf = (role: string): number => service.log.filter((line) => line.role === role).at(-1)!.pid;
    const victims = ["trainer", "api", "redis", "trainer", "api", "redis"];
    for (const [i, victim] of victims.entries()) {
      await untilTrial(id, 4 + 3 * i);
      const pid = victim === "redis" ? await redisPidOf(dataDir) : pidOf(victim);
      process.kill(pid, "SIGKILL");
      if (victim === "api")
        await service.logged((line) => line.msg === "api ready" && line.pid !== pid && !apis.has(line.pid));
      apis.add(pidOf("api"));
    }
    const study = await untilDone(id);
    expect(study.state, JSON.stringify(study.error)).toBe("succeeded");
    const trials = await trialsOf(id);
    expect(trials.map(({ number }) => number)).toEqual([...Array(24).keys()]);
    expect(study.counts.failed + study.counts.cancelled).toBe(0);
    expectReplayed(study, trials);
    // Every job of the study is one of its trials, or the last.
    const jobs: Job[] = [];
    for (let token = ""; ; ) {
      const page = await get<{ items: Job[]; nextPageToken: string | null }>(`/v1/jobs?pageSize=100${token}`);
      jobs.push(...page.items.filter(({ spec }) => spec.labels.study === id));
      if (page.nextPageToken === null) break;
      token = `&pageToken=${page.nextPageToken}`;
    }
    expect(jobs.map((job) => job.id).sort()).toEqual([...trials.map(({ job }) => job), study.final!.job].sort());
    for (const { history } of jobs)
      expect(history.filter(({ state }) => state === "succeeded").length).toBeLessThanOrEqual(1);
  });
});
