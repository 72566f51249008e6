import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { OptimizerSpec } from "../../../src/domain/jobs/spec/optimizer-spec.ts";
import { createGraph } from "../../../src/engine/graph/graph.ts";
import { logSoftmax } from "../../../src/engine/graph/ops/activation.ts";
import { plan } from "../../../src/engine/graph/plan.ts";
import { loadEngineKernels } from "../../../src/engine/kernels/engine-kernels.ts";
import { lossValue } from "../../../src/engine/nn/losses.ts";
import { ruleOf } from "../../../src/engine/optim/rules.ts";
import { bindPlan } from "../../../src/engine/parallel/bind.ts";
import { decodeMessage } from "../../../src/formats/onnx/wire/message-codec.ts";
import { type AttributeMessage, type ModelMessage, ModelTable } from "../../../src/formats/onnx/wire/schema.ts";
import { readTensor } from "../../../src/formats/onnx/wire/tensor-values.ts";
import { inDouble } from "../../engine/graph/in-double.ts";
import { compiled } from "../../engine/train/job.ts";
import { isInstalled, nodeFolder, tensorsIn } from "./node-tests.ts";

interface Vector {
  readonly attributes: ReadonlyMap<string, AttributeMessage>;
  readonly inputs: readonly { readonly dims: readonly number[]; readonly data: readonly number[] }[];
  readonly outputs: readonly (readonly number[])[];
}

const vectorOf = (name: string): Vector => {
  const folder = nodeFolder(name);
  const file = new Uint8Array(readFileSync(join(folder, "model.onnx")));
  const model = decodeMessage(file, ModelTable) as ModelMessage;
  const read = (kind: "input" | "output") =>
    tensorsIn(join(folder, "test_data_set_0"), kind).map((message) => {
      const { dims, data } = readTensor(message, () => undefined);
      return { dims, data: Array.from(data) };
    });
  return {
    attributes: new Map(model.graph!.nodes[0]!.attributes.map((one) => [one.name ?? "", one])),
    inputs: read("input"),
    outputs: read("output").map(({ data }) => data),
  };
};

const float = ({ attributes }: Vector, name: string, otherwise = 0): number => attributes.get(name)?.float ?? otherwise;
const text = ({ attributes }: Vector, name: string): string =>
  Buffer.from(attributes.get(name)?.string ?? []).toString();

/** One step of a rule on the engine's own kernels, from these slots: the weights and the slots afterwards. */
const step = async (
  input: { readonly type: string; readonly [key: string]: unknown },
  given: { weights: readonly number[]; gradients: readonly number[]; slots: readonly (readonly number[])[] },
  { l2, rate, corrections = [1, 1] }: { l2: number; rate: number; corrections?: readonly [number, number] },
): Promise<number[][]> => {
  const spec = OptimizerSpec.parse(input);
  const rule = ruleOf(spec);
  const count = given.weights.length;
  const place = (index: number): number => 64 + 64 * index;
  const program = plan({
    ...{ graph: createGraph(), results: [], placeOf: () => 0, arenaOffset: 1024, floatBytes: 4 },
    tail: (emit) => {
      const at = (index: number) => emit.at(place(index), 64);
      const slots = Object.fromEntries(rule.slots.map((name, index) => [name, at(3 + index)]));
      const range = { weights: at(0), gradients: at(1), slots, count, hyper: at(2), clip: 0 as const, l1: 0, l2 };
      rule.update(emit, range, spec, 0);
    },
  });
  const memory = new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true });
  const kernels = await loadEngineKernels(await compiled, memory);
  const member = { thread: 0, threads: 1, scratchOffset: 2048, wait: () => {}, syncOffset: 0 };
  const view = (index: number): Float32Array => new Float32Array(memory.buffer, place(index), count);
  view(0).set(given.weights);
  view(1).set(given.gradients);
  new Float64Array(memory.buffer, place(2), 3).set([rate, ...corrections]);
  for (const [i, slot] of given.slots.entries()) view(3 + i).set(slot);
  bindPlan(program, kernels, member)();
  return [0, ...given.slots.map((_, i) => 3 + i)].map((index) => Array.from(view(index)));
};

const close = (ours: readonly number[], theirs: readonly number[]): void => {
  expect(ours.length).toBe(theirs.length);
  for (const [i, value] of ours.entries())
    expect(Math.abs(value - theirs[i]!)).toBeLessThanOrEqual(1e-6 + 1e-5 * Math.abs(theirs[i]!));
};

/** R, T, then all X, all G and all of each slot; out come all X and all of each slot. */
const tensorsOf = ({ inputs, outputs }: Vector, slots: number) => {
  const count = (inputs.length - 2) / (2 + slots);
  return Array.from({ length: count }, (_, i) => {
    const at = (group: number): readonly number[] => inputs[2 + group * count + i]!.data;
    return {
      weights: at(0),
      gradients: at(1),
      slots: Array.from({ length: slots }, (_, slot) => at(2 + slot)),
      expected: Array.from({ length: 1 + slots }, (_, group) => outputs[group * count + i]!),
    };
  });
};

describe.skipIf(!isInstalled)("the ONNX project's own cases of optimisers", () => {
  test.each(["test_momentum", "test_momentum_multiple", "test_nesterov_momentum"])("%s", async (name) => {
    const vector = vectorOf(name);
    const [rate, steps] = [vector.inputs[0]!.data[0]!, vector.inputs[1]!.data[0]!];
    expect(steps === 0 || float(vector, "beta") === 1).toBe(true);
    for (const { expected, slots, ...given } of tensorsOf(vector, 1)) {
      const nesterov = text(vector, "mode") === "nesterov";
      const spec = { type: "momentum", momentum: float(vector, "alpha"), nesterov };
      // Here the learning rate is inside the moment, there outside.
      const scaled = slots.map((slot) => slot.map((value) => rate * value));
      const l2 = float(vector, "norm_coefficient");
      const [weights, moment] = await step(spec, { ...given, slots: scaled }, { l2, rate });
      close(weights!, expected[0]!);
      close(
        moment!.map((value) => value / rate),
        expected[1]!,
      );
    }
  });

  test("plain gradient descent is momentum without memory", async () => {
    const vector = vectorOf("test_momentum");
    const [{ weights, gradients, slots, expected }] = tensorsOf(vector, 1) as [ReturnType<typeof tensorsOf>[number]];
    const rate = vector.inputs[0]!.data[0]!;
    const l2 = float(vector, "norm_coefficient");
    const [after] = await step({ type: "sgd" }, { weights, gradients, slots: [] }, { l2, rate });
    const remembered = slots[0]!.map((value) => rate * float(vector, "alpha") * value);
    close(
      after!.map((value, i) => value - remembered[i]!),
      expected[0]!,
    );
  });

  test.each(["test_adagrad", "test_adagrad_multiple"])("%s", async (name) => {
    const vector = vectorOf(name);
    const [first, steps] = [vector.inputs[0]!.data[0]!, vector.inputs[1]!.data[0]!];
    const rate = first / (1 + steps * float(vector, "decay_factor"));
    for (const { expected, ...given } of tensorsOf(vector, 1)) {
      const spec = { type: "adagrad", epsilon: float(vector, "epsilon"), epsilonOutside: true };
      const after = await step(spec, given, { l2: float(vector, "norm_coefficient"), rate });
      after.forEach((values, i) => void close(values, expected[i]!));
    }
  });

  test.each(["test_adam", "test_adam_multiple"])("%s", async (name) => {
    const vector = vectorOf(name);
    const [rate, steps] = [vector.inputs[0]!.data[0]!, vector.inputs[1]!.data[0]!];
    const [alpha, beta] = [float(vector, "alpha", 0.9), float(vector, "beta", 0.999)];
    const corrections: [number, number] = steps > 0 ? [1 - alpha ** steps, 1 - beta ** steps] : [1, 1];
    // The numbers of this case were made with 0.01, which its node does not say.
    const stated = name === "test_adam_multiple" ? 0.01 : float(vector, "epsilon", 1e-6);
    // There ε is added to the root before it is corrected, here behind.
    const epsilon = stated / Math.sqrt(corrections[1]);
    const after = 1 - float(vector, "norm_coefficient_post");
    for (const { expected, ...given } of tensorsOf(vector, 2)) {
      const spec = { type: "adam", beta1: alpha, beta2: beta, epsilon };
      const l2 = float(vector, "norm_coefficient");
      const [weights, ...slots] = await step(spec, given, { l2, rate, corrections });
      close(
        weights!.map((value) => after * value),
        expected[0]!,
      );
      slots.forEach((values, i) => void close(values, expected[1 + i]!));
    }
  });
});

/** Classes last: [batch, classes, …] to [batch · …, classes]. */
const classesLast = ({ dims, data }: Vector["inputs"][number]): { rows: number; classes: number; x: number[] } => {
  const [classes, inner] = [dims[1]!, dims.slice(2).reduce((a, b) => a * b, 1)];
  const rows = data.length / classes;
  const x = data.map((_, i) => {
    const [row, k] = [Math.floor(i / classes), i % classes];
    return data[(Math.floor(row / inner) * classes + k) * inner + (row % inner)]!;
  });
  return { rows, classes, x };
};

const losses = isInstalled
  ? readdirSync(nodeFolder("")).filter((name) => /^test_(sce|nllloss)_/.test(name) && !name.endsWith("_expanded"))
  : [];

describe.skipIf(!isInstalled)(
  "the ONNX project's own cases of softmax cross-entropy and of the negative log-likelihood",
  () => {
    test("agree: mean, sum, with weights of classes; what ignores a class has no counterpart", () => {
      let [compared, without] = [0, 0];
      for (const name of losses) {
        const vector = vectorOf(name);
        const reduction = text(vector, "reduction") || "mean";
        if (vector.attributes.has("ignore_index") || reduction === "none") {
          without += 1;
          continue;
        }
        const { rows, classes, x } = classesLast(vector.inputs[0]!);
        const [labels, weights] = [vector.inputs[1]!.data, vector.inputs[2]?.data];
        const graph = createGraph();
        const logits = graph.leaf("logits", [rows, classes]);
        const targets = graph.leaf("labels", [rows], "i32");
        const classWeights = weights && { classWeights: Object.fromEntries(weights.map((w, k) => [String(k), w])) };
        const loss = lossValue({ type: "cross_entropy", labelSmoothing: 0, ...classWeights }, logits, {
          labels: targets,
        });
        const leaves = [
          { value: logits, data: x },
          { value: targets, data: labels },
          ...(weights ? [{ value: graph.leaf("data.classWeights", [classes]), data: weights }] : []),
        ];
        const [[whole], logarithms] = inDouble([loss, logSoftmax({ x: logits }, {}).out], leaves)() as [
          [number],
          number[],
        ];
        // What takes logarithms of probabilities takes no softmax first: x − ln softmax(x) is what that adds to each row.
        const added = labels.map(
          (label, row) => (weights?.[label] ?? 1) * (x[row * classes]! - logarithms[row * classes]!),
        );
        const isPlain = name.startsWith("test_nllloss");
        const value = isPlain ? whole - added.reduce((sum, one) => sum + one, 0) / rows : whole;
        // Here the mean is over rows, there over their weights.
        const weight = labels.reduce((sum, label) => sum + (weights?.[label] ?? 1), 0);
        close([reduction === "sum" ? value * rows : (value * rows) / weight], vector.outputs[0]!);
        compared += 1;
      }
      console.log(`losses: ${compared} agree, ${without} ignore a class or reduce nothing`);
      expect(compared).toBeGreaterThanOrEqual(17);
    });
  },
);
