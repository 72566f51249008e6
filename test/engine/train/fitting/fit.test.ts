import { describe, expect, it } from "vitest";
import type { MetricPoint } from "../../../../src/domain/jobs/job.ts";
import { weightTensors } from "../../../../src/engine/train/fitting/memory.ts";
import { controls, TrainingError, type TrainingEvent } from "../../../../src/engine/train/planning/training.ts";
import { createPredictor } from "../../../../src/engine/train/predictor.ts";
import { compiled, runJob, specOf } from "../job.ts";

const shape = { trainRows: 90, validationRows: 30, testRows: 30, inputs: 6, outputs: 3 };
const perceptron = { type: "mlp", hidden: [12] };
const weightsOf = ({ plan, memory }: Awaited<ReturnType<typeof runJob>>): Map<string, Float32Array> =>
  new Map(weightTensors(plan, memory).map(({ name, data }) => [name, Float32Array.from(data)]));

describe("fit", () => {
  it("learns, reports a point an epoch, and measures all splits at the end", async () => {
    const points: MetricPoint[] = [];
    const progress: number[] = [];
    const spec = specOf({ model: perceptron, training: { epochs: 40 } });
    const { result } = await runJob(spec, shape, {
      onPoint: (point) => points.push(point),
      onProgress: (value) => progress.push(value),
    });
    expect(result.outcome).toBe("finished");
    expect(points.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expect(points.at(-1)!.trainLoss).toBeLessThan(0.7 * points[0]!.trainLoss);
    expect(Object.keys(points[0]!.metrics)).toEqual(["validationLoss", "validationAccuracy"]);
    expect(points[0]!.layers.map(({ layer }) => layer)).toEqual(["hidden.0", "output"]);
    expect(points[0]!.gradientNorm).toBeGreaterThan(0);
    expect(progress.at(-1)).toBe(1);
    expect(result.metrics.testAccuracy).toBeGreaterThan(0.5);
    expect(Object.keys(result.metrics).sort()).toEqual(
      [
        "epochs",
        "testAccuracy",
        "testLoss",
        "trainAccuracy",
        "trainLoss",
        "validationAccuracy",
        "validationLoss",
      ].sort(),
    );
  });

  it("runs each program as often as the plan counts, points between epochs included", async () => {
    const large = { ...shape, trainRows: 2560 };
    const { plan, runs } = await runJob(specOf({ model: perceptron, training: { epochs: 2 } }), large);
    const { initialise, shuffle, statistics, evaluate } = plan.programIndex;
    // Outside of the fit the report asks for the answers to its split once more.
    const counted = new Map([...plan.runs, [evaluate.test!.full, plan.runs.get(evaluate.test!.full)! - 1]]);
    const own = [...runs].filter(([program]) => program !== initialise && program !== shuffle);
    expect(new Map(own)).toEqual(counted);
    expect(runs.get(statistics)).toBe(8);
  });

  it("reports errors of a regression in the label's own units, and R²", async () => {
    const spec = specOf({
      model: { type: "linear" },
      loss: { type: "mean_squared_error" },
      optimizer: { type: "adam", learningRate: 0.05 },
      training: { epochs: 200 },
    });
    const run = (labelScale: number) => runJob(spec, { ...shape, outputs: 1 }, { classes: -1, labelScale });
    const [plain, scaled] = [await run(1), await run(10)];
    expect(plain.result.metrics.testR2).toBeGreaterThan(0.999);
    const error = plain.result.metrics.testRootMeanSquaredError!;
    expect(error).toBeCloseTo(Math.sqrt(plain.result.metrics.testMeanSquaredError!), 12);
    expect(scaled.result.metrics.testRootMeanSquaredError).toBeCloseTo(10 * error, 9);
  });

  it("trains every kind of model and loss", async () => {
    const regression = { ...shape, outputs: 1 };
    const jobs = [
      {
        spec: specOf({ model: { type: "logistic" }, loss: { type: "binary_cross_entropy", classWeights: "balanced" } }),
        shape: regression,
        classes: 2,
      },
      {
        spec: specOf({
          model: { type: "softmax" },
          loss: { type: "cross_entropy", classWeights: "balanced", labelSmoothing: 0.1 },
        }),
        shape,
        classes: 3,
      },
      { spec: specOf({ model: { type: "poisson" }, loss: { type: "poisson_nll" } }), shape: regression, classes: 5 },
      {
        spec: specOf({ model: perceptron, loss: { type: "gaussian_nll" } }),
        shape: { ...shape, outputs: 2 },
        classes: -1,
      },
      { spec: specOf({ model: perceptron, loss: { type: "huber" } }), shape: regression, classes: -1 },
      { spec: specOf({ model: perceptron, loss: { type: "mean_absolute_error" } }), shape: regression, classes: -1 },
      {
        spec: specOf({ model: { type: "autoencoder", encoder: [5, 3] }, loss: { type: "mean_squared_error" } }),
        shape: { ...shape, outputs: 6 },
        classes: 3,
      },
    ];
    for (const { spec, shape: counts, classes } of jobs) {
      const points: number[] = [];
      const long = { ...spec, training: { ...spec.training, epochs: 15 } };
      const { result } = await runJob(long, counts, { classes, onPoint: ({ trainLoss }) => points.push(trainLoss) });
      expect(result.outcome).toBe("finished");
      expect(points.at(-1), spec.loss.type).toBeLessThan(points[0]!);
    }
  });

  it("stops early and gives back the best epoch's weights", async () => {
    const earlyStopping = { metric: "loss" as const, patience: 4, minimumChange: 0, restoreBest: true };
    const spec = specOf({
      model: { type: "mlp", hidden: [64] },
      optimizer: { type: "adam", learningRate: 0.05 },
      training: { epochs: 500, earlyStopping },
    });
    const points: MetricPoint[] = [];
    const { result } = await runJob(spec, shape, { onPoint: (point) => points.push(point) });
    const losses = points.map(({ metrics }) => metrics.validationLoss!);
    const best = losses.indexOf(Math.min(...losses));
    expect(result.metrics.epochs).toBe(best + 1 + 4);
    expect(result.metrics.bestEpoch).toBe(best + 1);
    expect(result.metrics.validationLoss).toBe(losses[best]);
  });

  it("pauses, cancels and hands back between two steps, as the control word says", async () => {
    const spec = specOf({ model: perceptron, training: { epochs: 1000 } });
    for (const [word, outcome] of [
      [controls.pause, "paused"],
      [controls.cancel, "cancelled"],
      [controls.handBack, "handed_back"],
    ] as const) {
      const control = new Int32Array(new SharedArrayBuffer(4));
      const onPoint = ({ epoch }: MetricPoint): void => void (epoch === 3 && Atomics.store(control, 0, word));
      const told: number[] = [];
      const { plan, result } = await runJob(spec, shape, { control, onPoint, onProgress: (value) => told.push(value) });
      expect(result.outcome).toBe(outcome);
      expect(told.at(-1)).toBe(result.state.meta.step / plan.steps);
      expect(result.state.meta.epoch).toBe(3);
    }
  });

  it("writes checkpoints from which the job goes on to the same end", async () => {
    const spec = specOf({ model: perceptron, training: { epochs: 6 } });
    const states: Parameters<NonNullable<Parameters<typeof runJob>[2]>["onCheckpoint"] & object>[0][] = [];
    const whole = await runJob(spec, shape, {
      checkpointEveryMs: 0,
      onCheckpoint: async (state) => void states.push(state),
    });
    expect(states.length).toBeGreaterThan(2);
    const again = await runJob(spec, shape, { resume: states[1]! });
    expect(again.digest).toBe(whole.digest);
  });

  it("ends a job whose loss leaves the numbers, saying step, layer and remedy", async () => {
    const spec = specOf({
      model: perceptron,
      loss: { type: "mean_squared_error" },
      optimizer: { type: "sgd", learningRate: 1e6 },
      training: { epochs: 50 },
    });
    const failed = runJob(spec, { ...shape, outputs: 1 }, { classes: -1 });
    await expect(failed).rejects.toThrow(TrainingError);
    await expect(failed).rejects.toMatchObject({ code: "diverged", hint: expect.stringContaining("learning rate") });
  });
});

describe("transfer learning", () => {
  const spec = specOf({ model: { type: "mlp", hidden: [8, 6], batchNorm: true } });

  it("keeps the weights and running averages of frozen layers", async () => {
    const base = weightsOf(await runJob(spec, shape));
    const frozen = specOf({
      model: { type: "mlp", hidden: [8, 6], batchNorm: true },
      base: { freeze: ["hidden.0"] },
      training: { seed: 7 },
    });
    const tuned = weightsOf(await runJob(frozen, shape, { initial: base }));
    for (const [name, data] of tuned) {
      if (name.startsWith("hidden.0.")) expect(data, name).toEqual(base.get(name));
      else expect(data, name).not.toEqual(base.get(name));
    }
  });

  it("starts a new head afresh, and refuses weights of another shape", async () => {
    const base = weightsOf(await runJob(spec, shape));
    const withoutHead = new Map([...base].filter(([name]) => !name.startsWith("output")));
    const other = { ...shape, outputs: 5 };
    expect((await runJob(spec, other, { initial: withoutHead })).result.outcome).toBe("finished");
    await expect(runJob(spec, other, { initial: base })).rejects.toMatchObject({ code: "incompatible_weights" });
  });

  it("moves a layer with factor 0 not at all, the others as ever", async () => {
    const still = specOf({
      model: perceptron,
      optimizer: { type: "sgd", learningRate: 0.1, layerFactors: { "hidden.0": 0 } },
    });
    const start = specOf({ model: perceptron, optimizer: { type: "sgd", learningRate: 1e-30 } });
    const [before, after] = [weightsOf(await runJob(start, shape)), weightsOf(await runJob(still, shape))];
    expect(after.get("hidden.0.weight")).toEqual(before.get("hidden.0.weight"));
    expect(after.get("output.weight")).not.toEqual(before.get("output.weight"));
  });
});

describe("a predictor", () => {
  it("gives a row the same bits alone and among others, and probabilities that sum to 1", async () => {
    const spec = specOf({ model: { type: "mlp", hidden: [20], batchNorm: true, dropout: 0.5 } });
    const predictor = await createPredictor(spec, shape, weightsOf(await runJob(spec, shape)), await compiled);
    const inputs = Float32Array.from({ length: 6 * 601 }, (_, i) => Math.fround(((i * 7919) % 100) / 50 - 1));
    const all = predictor.predict(inputs);
    for (const row of [0, 7, 255, 256, 600]) {
      const alone = predictor.predict(inputs.slice(6 * row, 6 * row + 6));
      expect([...alone]).toEqual([...all.slice(3 * row, 3 * row + 3)]);
      expect(alone[0]! + alone[1]! + alone[2]!).toBeCloseTo(1, 5);
    }
  });
});

describe("problems of learning are noticed:", () => {
  const eventsOf = async (
    spec: ReturnType<typeof specOf>,
    options: Parameters<typeof runJob>[2] = {},
  ): Promise<TrainingEvent[]> => {
    const events: TrainingEvent[] = [];
    await runJob(
      spec,
      { ...shape, outputs: spec.loss.type === "cross_entropy" ? 3 : 1 },
      { onEvent: (event) => events.push(event), ...options },
    );
    return events;
  };

  it("zero and otherwise symmetric initial weights", async () => {
    const [zero] = await eventsOf(specOf({ model: { ...perceptron, initializer: "zeros" } }));
    expect(zero).toMatchObject({ level: "warn", type: "zero_initial_weights", data: { layers: ["hidden.0"] } });
    const [symmetric] = await eventsOf(
      specOf({ model: { ...perceptron, initializer: { type: "constant", value: 0.1 } } }),
    );
    expect(symmetric).toMatchObject({ type: "symmetric_initial_weights" });
    expect(await eventsOf(specOf({ model: { type: "softmax" } }))).toEqual([]);
  });

  it("vanishing gradients in a deep sigmoid network", async () => {
    const events = await eventsOf(
      specOf({
        model: { type: "mlp", hidden: new Array(8).fill(10), activation: "sigmoid", initializer: "xavier" },
        training: { epochs: 5 },
      }),
    );
    expect(events.map(({ type }) => type)).toContain("vanishing_gradients");
  });

  it("dead ReLUs", async () => {
    const bias = Float32Array.from({ length: 30 }, (_, unit) => (unit < 20 ? -50 : 0));
    const events = await eventsOf(specOf({ model: { type: "mlp", hidden: [30] } }), {
      initial: new Map([["hidden.0.bias", bias]]),
    });
    expect(events).toMatchObject([{ type: "dead_relus", data: { layers: ["hidden.0"], deadShare: [20 / 30] } }]);
  });

  it("a learning rate that is too high", async () => {
    const spec = specOf({
      model: { type: "linear" },
      loss: { type: "mean_squared_error" },
      optimizer: { type: "sgd", learningRate: 0.62 },
      training: { epochs: 12, batchSize: "full" },
    });
    const events = await eventsOf(spec, { classes: -1 });
    expect(events.map(({ type }) => type)).toContain("learning_rate_too_high");
  });

  it("a loss that does not fall", async () => {
    const spec = specOf({
      model: perceptron,
      optimizer: { type: "sgd", learningRate: 1e-9 },
      training: { epochs: 12 },
    });
    expect((await eventsOf(spec)).map(({ type }) => type)).toContain("loss_not_falling");
  });

  it("overfitting", async () => {
    const spec = specOf({
      model: { type: "mlp", hidden: [128] },
      optimizer: { type: "adam", learningRate: 0.02 },
      training: { epochs: 80 },
    });
    expect((await eventsOf(spec)).map(({ type }) => type)).toContain("overfitting");
  });
});
