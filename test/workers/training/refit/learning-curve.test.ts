import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { countRows } from "../../../../src/data/splits/count-rows.ts";
import { codesOfPart } from "../../../../src/data/splits/part-rows.ts";
import type { JobSpecInput } from "../../../../src/domain/jobs/spec/job-spec.ts";
import type { Report } from "../../../../src/domain/models/report.ts";
import { createControl, sendSignal } from "../../../../workers/engine/control.ts";
import { createJobs } from "../jobs.ts";

type Input = Omit<JobSpecInput, "dataset"> & { training: NonNullable<JobSpecInput["training"]> };

const read = (name: string): string => readFileSync(new URL(`../../../data/${name}.csv`, import.meta.url), "utf8");
const [iris, diabetes] = [read("iris"), read("diabetes")];
const species = { type: "classification", label: "species" } as const;
const progression = { type: "regression", label: "progression" } as const;
const small: Input["model"] = { type: "mlp", hidden: [4] };

const curveOf = (report: Report) => {
  const curve = "learningCurve" in report ? report.learningCurve : null;
  if (curve === null) throw new Error("the report has no learning curve");
  return curve;
};

describe("a learning curve", () => {
  let jobs: Awaited<ReturnType<typeof createJobs>>;
  beforeAll(async () => {
    jobs = await createJobs();
  });
  afterAll(() => jobs.close());

  const withCurve = (spec: Input, halvings?: number): Input => ({
    ...spec,
    training: { ...spec.training, learningCurve: halvings === undefined ? {} : { halvings } },
  });

  const specs: [string, string, Input, string][] = [
    ["a solved model", diabetes, { task: progression, model: { type: "linear" }, training: {} }, "squared_error"],
    [
      "a quantile",
      diabetes,
      { task: progression, model: { type: "quantile", quantile: 0.9 }, training: {} },
      "pinball",
    ],
    ["counts", diabetes, { task: progression, model: { type: "negative_binomial" }, training: {} }, "log_likelihood"],
    ["a network", iris, { task: species, model: small, training: { epochs: 12, seed: 7 } }, "log_likelihood"],
  ];
  test.each(specs)("ends with the model that the job has without it, to the bit: %s", async (_, csv, spec, measure) => {
    const plain = await jobs.modelOf(await jobs.train(csv, spec));
    const run = await jobs.train(csv, withCurve(spec));
    const { model, report } = await jobs.modelOf(run);
    expect(model.digest).toBe(plain.model.digest);
    expect(model.metrics).toEqual(plain.model.metrics);
    const curve = curveOf(report);
    const halvings = run.spec.training.learningCurve?.halvings;
    expect(run.plan.fits).toBe(1 + halvings!);
    expect(curve).toMatchObject({ measure, rows: plain.report.rows });
    expect(curve.points).toHaveLength(1 + halvings!);
    const notes = "notes" in report ? report.notes : [];
    expect(notes.map(({ code }) => code)).toContain("learning_curve");
    const without = notes.filter(({ code }) => code !== "learning_curve");
    expect({ ...report, learningCurve: null, notes: without }).toEqual(plain.report);
    // The last point is the report's own model.
    const last = curve.points.at(-1)!;
    if (report.task === "classification") {
      expect(last.accuracy).toEqual(report.accuracy);
      expect(-last.loss!.value).toBeCloseTo(report.logLikelihood!.value, 12);
    } else if (report.task === "regression") {
      expect(last.rootMeanSquaredError).toEqual(report.rootMeanSquaredError);
      if (measure === "pinball") expect(last.loss!.value).toBeCloseTo(report.below!.pinball.value, 9);
    }
    for (const [i, { gain, loss }] of curve.points.entries())
      if (i === 0) expect(gain).toBeNull();
      else expect(gain!.value).toBeCloseTo(curve.points[i - 1]!.loss!.value - loss!.value, 9);
    // A part costs as many steps as the whole, and its epochs are the more.
    expect(run.events.filter(({ name }) => name === "part_measured")).toHaveLength(halvings!);
    expect(run.points.map(({ epoch }) => epoch)).toEqual([...new Set(run.points.map(({ epoch }) => epoch))]);
  });

  test("its points are the models of jobs on the parts alone, which lie in each other", async () => {
    const spec: Input = { task: progression, model: { type: "linear" }, training: { split: { column: "part" } } };
    const lines = diabetes.trim().split("\n");
    const marked = (isTrained: (i: number) => boolean): string =>
      lines
        .flatMap((line, i) =>
          i === 0 ? [`${line},part`] : i % 4 === 0 ? [`${line},test`] : isTrained(i) ? [`${line},train`] : [],
        )
        .join("\n");
    const whole = await jobs.modelOf(
      await jobs.train(
        marked(() => true),
        withCurve(spec, 3),
      ),
    );
    const { points } = curveOf(whole.report);
    expect(points.map(({ trainRows }) => trainRows)).toEqual([42, 83, 166, 332]);
    const { spec: resolved } = whole.model;
    const { dataset } = await jobs.train(
      marked(() => true),
      spec,
    );
    const counted = await countRows(resolved, dataset, () => Readable.from([Buffer.from(marked(() => true))]));
    const parts = [3, 2, 1].map((halvings) => codesOfPart(resolved, counted, halvings)[0]!);
    for (const [k, part] of parts.entries()) {
      const trained = lines.map((_, i) => i).filter((i) => i > 0 && i % 4 !== 0);
      const stays = new Set(trained.filter((_, at) => part[at] === 1));
      expect(stays.size).toBe(points[k]!.trainRows);
      const larger = parts[k + 1];
      if (larger !== undefined) expect(part.every((code, at) => code === 0 || larger[at] === 1)).toBe(true);
      const alone = await jobs.modelOf(
        await jobs.train(
          marked((i) => stays.has(i)),
          spec,
        ),
      );
      if (alone.report.task !== "regression") throw new Error("it is a regression");
      expect(points[k]!.rootMeanSquaredError!.value).toBeCloseTo(alone.report.rootMeanSquaredError.value, 8);
    }
  });

  test("goes on from any checkpoint of any fit to the same bits, with a refit as well, and computes no point again", async () => {
    const spec = withCurve({ task: species, model: small, training: { epochs: 6, refit: true } }, 2);
    const whole = await jobs.train(iris, spec);
    const { model, report } = await jobs.modelOf(whole);
    expect(whole.plan.fits).toBe(4);
    const control = createControl();
    const cut = await jobs.trainOn(whole.dataset, spec, null, {
      ...{ control, checkpointMs: 0 },
      onCheckpoint: (count) => {
        if (count === 12) sendSignal(control, "checkpoint");
      },
    });
    expect(cut.end.type).toBe("stopped");
    const left = new Set<number>();
    for (const checkpoint of [...cut.checkpoints.filter((_, i) => i % 5 === 0), ...whole.checkpoints]) {
      const rest = await jobs.trainOn(whole.dataset, spec, null, { checkpoints: [checkpoint] });
      left.add(rest.events.filter(({ name }) => name === "part_measured").length);
      const again = await jobs.modelOf(rest);
      expect(again.model.digest).toBe(model.digest);
      expect(again.report).toEqual(report);
    }
    expect(left).toEqual(new Set([0, 1, 2]));
  });

  test("takes whole groups, and keeps every class", async () => {
    const lines = iris.trim().split("\n");
    const grouped = lines.map((line, i) => `${line},${i === 0 ? "plot" : `g${i % 30}`}`).join("\n");
    const spec: Input = { task: species, model: { type: "softmax" }, training: { l2: 0.01, split: { by: "plot" } } };
    const { points } = curveOf((await jobs.modelOf(await jobs.train(grouped, withCurve(spec, 2)))).report);
    // Five rows a group: of 120 training rows, 30 and 60 at least.
    expect(points.map(({ trainRows }) => trainRows)).toEqual([30, 60, 120]);
  });

  test("says where a part could not be fitted, and goes on", async () => {
    const rows = Array.from({ length: 60 }, (_, i) => `${(i * 7) % 13},${(i * 5) % 11},${i % 12 === 0 ? 1 : 0}`);
    const csv = ["x,y,w", ...rows].join("\n");
    const spec: Input = {
      task: { type: "regression", label: "y", weight: "w" },
      model: { type: "linear" },
      training: { seed: 1 },
    };
    const { points } = curveOf((await jobs.modelOf(await jobs.train(csv, withCurve(spec, 2)))).report);
    expect(points.map(({ trainRows }) => trainRows)).toEqual([12, 24, 48]);
    expect(points[0]).toMatchObject({ loss: null, gain: null, fault: expect.stringContaining("so that none counts") });
    expect(points[1]).toMatchObject({ loss: { value: expect.any(Number) }, gain: null, fault: null });
    expect(points[2]).toMatchObject({ gain: { value: expect.any(Number) }, fault: null });
  });

  test.each<[Partial<Input>, string, string]>([
    [{ task: { type: "clustering" } }, "", "classifications and regressions"],
    [{ training: { crossValidation: {} } }, "", "one test split"],
    [{ training: { split: { test: 0 } } }, "", "no test rows"],
    [{ training: { learningCurve: { halvings: 4 } } }, "/halvings", "fewer than 10"],
  ])("is refused where it makes no sense: %j", async (input, place, why) => {
    const spec = { task: species, ...input, training: { learningCurve: {}, ...input.training } };
    await expect(jobs.train(iris, spec)).rejects.toMatchObject({
      errors: [{ pointer: `/training/learningCurve${place}`, detail: expect.stringContaining(why) }],
    });
  });
});
