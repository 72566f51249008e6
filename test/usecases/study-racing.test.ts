import { afterAll, beforeAll, expect, test } from "vitest";
import type { Study, StudyPlan, Trial } from "../../src/domain/studies/study.ts";
import { advanceStudy } from "../../src/usecases/studies/course/advance-study.ts";
import { race } from "../../src/usecases/studies/course/race.ts";
import { createClient } from "../rest/client.ts";
import { finishJob, type TestService } from "./service.ts";
import { callStudies, startStudyService } from "./study-service.ts";

let service: TestService;
let dataset: string;
/** What the job that ends next leaves. */
let value = 0;
let scores: Float32Array | null = null;
beforeAll(async () => {
  service = await startStudyService(
    () => ({ validationLoss: value, outOfFoldLoss: value }),
    () => scores,
  );
  dataset = (await createClient(() => service.url).upload()).id;
});
afterAll(() => service?.close());

const call = callStudies(() => service);
const template = (training: object = {}) => ({
  ...{ dataset, task: { type: "classification", label: "species" }, model: { type: "mlp", hidden: [4] } },
  training: { epochs: 5, ...training },
});
const advance = (id: string): Promise<void> => advanceStudy(service.deps, "default", id);
const trialsOf = async (id: string): Promise<Trial[]> => (await call<{ items: Trial[] }>(`/${id}/trials`)).items;
const start = (body: object): Promise<Study> => call("", { trials: 3, parallel: 1, final: false, ...body });

/** Lets the job of a trial end with this value. */
const finish = async (job: string, left: number): Promise<void> => {
  value = left;
  await finishJob(service, await service.deps.jobs.get("default", job));
};

/** Lets the job of a trial come to the end of a fold, with these losses of the folds so far. */
const reach = async (job: string, losses: readonly number[]): Promise<void> => {
  const { jobs, now } = service.deps;
  const claimed = await jobs.claim("default", job, "test", now().toISOString());
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  const folds = { metrics: { outOfFoldLoss: mean }, folds: losses.map((testLoss) => ({ testLoss })) };
  expect(await jobs.reach(claimed!.fence, losses.length, now().toISOString(), folds)).toBe("paused");
};

test("a trial with several seeds is one job after another on the same rows, its value their mean, and its record names them", async () => {
  const plan = await call<StudyPlan>("?validateOnly=true", { job: template(), seeds: 3, trials: 4 });
  expect(plan.jobs).toBe(4 * 3 + 1);
  const { id, spec } = await start({ job: template({ seed: 7 }), seeds: 3, trials: 1 });
  expect(spec.job.training?.split).toMatchObject({ seed: 7 });
  for (const left of [0.5, 0.2, 0.2]) {
    await advance(id);
    const [trial] = await trialsOf(id);
    await finish(trial!.runs!.at(-1)!.job, left);
  }
  await advance(id);
  const [trial] = await trialsOf(id);
  expect(trial).toMatchObject({ state: "succeeded", reached: [] });
  expect(trial!.objective).toBeCloseTo(0.3, 12);
  expect(trial!.runs!.map(({ seed, value: left }) => [seed, left])).toEqual([
    [7, 0.5],
    [8, 0.2],
    [9, 0.2],
  ]);
  expect(trial).toMatchObject({ job: trial!.runs![0]!.job, model: trial!.runs![0]!.model });
  const specs = await Promise.all(trial!.runs!.map(({ job }) => service.deps.jobs.get("default", job)));
  expect(specs.map(({ spec: { training } }) => [training.seed, training.split.seed])).toEqual([
    [7, 7],
    [8, 7],
    [9, 7],
  ]);
  expect(await call<Study>(`/${id}`)).toMatchObject({ state: "succeeded", best: { trial: 0 } });
});

test("a study that was paused while a later seed of a trial was under way goes on with that seed", async () => {
  const { id } = await start({ job: template(), seeds: 2, trials: 1 });
  await advance(id);
  await finish((await trialsOf(id))[0]!.job, 0.5);
  await advance(id);
  const second = (await trialsOf(id))[0]!.runs!.at(-1)!.job;
  await call(`/${id}/pause`, {});
  await advance(id);
  expect((await service.deps.jobs.get("default", second)).state).toBe("paused");
  await call(`/${id}/resume`, {});
  await advance(id);
  expect((await service.deps.jobs.get("default", second)).state).toBe("queued");
  await finish(second, 0.3);
  await advance(id);
  expect(await call<Study>(`/${id}`)).toMatchObject({ state: "succeeded", best: { value: 0.4 } });
});

test("of several seeds one that is surely worse than the best ends, and its record says by what", async () => {
  const { id } = await start({ job: template(), seeds: 3, pruner: { type: "racing", first: 2 }, trials: 2 });
  const play = async (number: number, values: readonly number[]): Promise<Trial> => {
    for (const left of values) {
      await advance(id);
      await finish((await trialsOf(id))[number]!.runs!.at(-1)!.job, left);
    }
    await advance(id);
    return (await trialsOf(id))[number]!;
  };
  expect(await play(0, [0.2, 0.3, 0.25])).toMatchObject({ state: "succeeded", scores: [0.2, 0.3, 0.25] });
  const worse = await play(1, [0.9, 1.0]);
  expect(worse).toMatchObject({ state: "stopped", runs: [{ value: 0.9 }, { value: 1 }] });
  expect(worse.reached).toMatchObject([{ epochs: 2, against: 0 }]);
  expect(worse.reached[0]!.lower).toBeCloseTo(0.7, 12);
  expect(await call<Study>(`/${id}`)).toMatchObject({ state: "succeeded", counts: { succeeded: 1, stopped: 1 } });
});

test("of several folds one that is surely worse ends after three, one that may be as good goes on; the same follows from the record", async () => {
  const { id } = await start({ job: template({ crossValidation: { folds: 5 } }), pruner: { type: "racing" } });
  await advance(id);
  const first = (await trialsOf(id))[0]!;
  expect(first).toMatchObject({ pauseAtEpoch: 3 });
  for (const losses of [
    [0.2, 0.3, 0.25],
    [0.2, 0.3, 0.25, 0.3],
    [0.2, 0.3, 0.25, 0.3, 0.2],
  ]) {
    await reach(first.job, losses);
    await advance(id);
  }
  expect((await trialsOf(id))[0]).toMatchObject({ state: "running", pauseAtEpoch: null });
  await finish(first.job, 0.25);
  await advance(id);
  const second = (await trialsOf(id))[1]!;
  await reach(second.job, [0.9, 1.0, 0.9]);
  await advance(id);
  expect((await trialsOf(id))[1]).toMatchObject({ state: "stopped", reached: [{ epochs: 3, against: 0 }] });
  expect((await service.deps.jobs.get("default", second.job)).state).toBe("cancelled");
  const third = (await trialsOf(id))[2]!;
  expect(third.seen).toMatchObject({ finished: "0", stopped: "1@3" });
  await reach(third.job, [0.3, 0.2, 0.25]);
  await advance(id);
  const trials = await trialsOf(id);
  expect(trials[2]).toMatchObject({ state: "running", pauseAtEpoch: 4, reached: [{ epochs: 3, against: 0 }] });
  const { study } = await service.deps.studies.get("default", id);
  for (const trial of trials.slice(1)) {
    const again = race(study, trials, { ...trial, reached: [{ epochs: 3, value: 0 }] });
    expect(again.ends).toBe(trial.state === "stopped");
    expect(again.trial.reached[0]!.lower).toBe(trial.reached[0]!.lower);
  }
});

test("a trial with all its folds is not compared any more: it goes on to its model, however much worse it is", async () => {
  const { id } = await start({
    ...{ job: template({ crossValidation: { folds: 4 } }), pruner: { type: "racing" } },
    ...{ trials: 2, maxEpochs: 45 },
  });
  const play = async (number: number, losses: readonly number[]): Promise<void> => {
    await advance(id);
    const { job } = (await trialsOf(id))[number]!;
    for (const folds of [3, 4]) {
      await reach(job, losses.slice(0, folds));
      await advance(id);
    }
    const trial = (await trialsOf(id))[number]!;
    // The epochs of the study are spent: they start no trial, and end none that has nothing left to save.
    expect(trial).toMatchObject({ state: "running", pauseAtEpoch: null, scores: losses });
    expect(trial.reached.map(({ epochs }) => epochs)).toEqual([3]);
    await finish(job, losses.reduce((sum, loss) => sum + loss, 0) / 4);
  };
  await play(0, [0.2, 0.3, 0.25, 0.3]);
  // Too uneven to be told from the first after three folds, and surely worse after four.
  const worse = [0.35, 0.6, 0.6, 0.62];
  await play(1, worse);
  await advance(id);
  const { study } = await service.deps.studies.get("default", id);
  const trials = await trialsOf(id);
  expect(trials).toMatchObject([{ state: "succeeded" }, { state: "succeeded", objective: 0.5425 }]);
  // As an earlier version recorded it: waiting after the last fold, without a verdict yet.
  const waiting = { ...trials[1]!, reached: [...trials[1]!.reached, { epochs: 4, value: 0.5425 }] };
  expect(race(study, trials, waiting)).toEqual({ trial: waiting, ends: false });
});

test("what a race over folds of groups has chosen is worth no less than 0, though its job was deleted", async () => {
  const crossValidation = { folds: 3, by: "sepal_length" };
  const { id } = await start({ job: template({ crossValidation }), pruner: { type: "racing", first: 2 }, trials: 2 });
  // Of eleven groups nothing is lost, of one much: Student's interval goes far below 0.
  for (const [number, lost] of [3, 4].entries()) {
    await advance(id);
    scores = Float32Array.from({ length: 12 }, (_, group) => (group === 0 ? lost : 0.01));
    await finish((await trialsOf(id))[number]!.job, (lost + 0.11) / 12);
  }
  scores = null;
  const [first] = await trialsOf(id);
  expect((await fetch(`${service.url}/v1/jobs/${first!.job}`, { method: "DELETE" })).status).toBe(204);
  await advance(id);
  const { state, best } = await call<Study>(`/${id}`);
  expect({ state, trial: best?.trial, lower: best?.lower }).toEqual({ state: "succeeded", trial: 0, lower: 0 });
  expect(best!.upper).toBeGreaterThan(best!.corrected!);
});

test("a verdict that a crash left without its effect has it at the next look, whatever has become of the best meanwhile", async () => {
  const { id } = await start({
    job: template({ crossValidation: { folds: 3 } }),
    pruner: { type: "racing" },
    trials: 1,
  });
  await advance(id);
  const { job } = (await trialsOf(id))[0]!;
  await reach(job, [0.9, 1.0, 0.9]);
  const { study, version } = await service.deps.studies.get("default", id);
  const [trial] = await service.deps.studies.trials("default", id);
  const reached = [{ epochs: 3, value: 0.93, against: 7, lower: 0.1 }];
  const judged: Trial = { ...trial!, state: "waiting", epochs: 3, reached, scores: [0.9, 1.0, 0.9] };
  expect(await service.deps.studies.commit("default", version, { study, trials: [judged], events: [] })).toBe(true);
  await advance(id);
  expect((await trialsOf(id))[0]).toMatchObject({ state: "stopped", reached });
  expect((await service.deps.jobs.get("default", job)).state).toBe("cancelled");
});

test.each([
  [
    "racing with neither folds nor seeds",
    { pruner: { type: "racing" } },
    "/pruner/type",
    "crossValidation, or set seeds",
  ],
  [
    "racing from a fold that is not there",
    { cv: 3, pruner: { type: "racing", first: 4 } },
    "/pruner/first",
    "at most the 3",
  ],
  ["seeds beside folds", { cv: 3, seeds: 2 }, "/seeds", "repeats"],
  ["seeds and rungs of epochs", { seeds: 2, pruner: { type: "asha" } }, "/pruner/type", '"racing"'],
])("%s is refused", async (_, { cv, ...body }: { cv?: number; seeds?: number; pruner?: object }, pointer, detail) => {
  const job = template(cv === undefined ? {} : { crossValidation: { folds: cv } });
  expect(await call("", { job, ...body })).toMatchObject({
    errors: [{ pointer, detail: expect.stringContaining(detail) }],
  });
});
