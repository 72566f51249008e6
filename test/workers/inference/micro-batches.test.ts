import { expect, test } from "vitest";
import { ServiceError } from "../../../src/domain/errors.ts";
import type { Prediction } from "../../../src/domain/models/predictions/prediction.ts";
import type { Answer, Encoded } from "../../../workers/inference/answer.ts";
import { createMicroBatches } from "../../../workers/inference/micro-batches.ts";

const greedy = { tenant: "greedy", key: "1" };
const other = { tenant: "other", key: "1" };
const generous = { rows: 64, bytes: 2 ** 20, ms: 1000, waitingBytes: 2 ** 20 };

/** A model that answers each row's number, notes what it was asked together, and takes a millisecond a row. */
const open = (limits = generous) => {
  const line: (() => void)[] = [];
  const batches: number[][] = [];
  let nowMs = 0;
  const model = (name: string, isWrong: (value: number) => boolean = () => false): Answer => {
    const answer: Answer = ({ inputs: [values] }) => {
      const numbers = Array.from(values!);
      batches.push(numbers);
      nowMs += numbers.length;
      const wrong = numbers.find(isWrong);
      if (wrong !== undefined) throw new ServiceError("invalid", `${wrong} has no answer`);
      return numbers.map((value): Prediction => ({ value }));
    };
    Object.defineProperty(answer, "name", { value: name });
    return answer;
  };
  const { ask } = createMicroBatches(limits, { afterMessages: (act) => line.push(act), nowMs: () => nowMs });
  /** Lets the thread compute what is there, and what is left after each batch. */
  const run = (): void => {
    for (let act = line.shift(); act !== undefined; act = line.shift()) act();
  };
  return { ask, run, model, batches, waiting: () => line.length };
};

const rows = (...values: number[]): Encoded => ({ inputs: [Float32Array.from(values)], rows: values.length });
const valuesOf = (predictions: readonly Prediction[]) =>
  predictions.map((each) => ("value" in each ? each.value : null));

test("what is asked of one model together is computed together, and each is answered for its own rows", async () => {
  const { ask, run, model, batches } = open();
  const answer = model("a");
  const warm = ask(greedy, answer, rows(0));
  run();
  await warm;
  const asked = [rows(1), rows(2, 3), rows(4)].map((encoded) => ask(greedy, answer, encoded));
  run();
  expect((await Promise.all(asked)).map(valuesOf)).toEqual([[1], [2, 3], [4]]);
  expect(batches).toEqual([[0], [1, 2, 3, 4]]);
});

test("a single client waits for nothing but the messages that are there", async () => {
  const { ask, run, model, batches, waiting } = open();
  const answer = model("a");
  for (const value of [1, 2, 3]) {
    const asked = ask(greedy, answer, rows(value));
    expect(waiting()).toBe(1);
    run();
    expect(valuesOf(await asked)).toEqual([value]);
  }
  expect(batches).toEqual([[1], [2], [3]]);
});

test("models are not mixed", async () => {
  const { ask, run, model, batches } = open();
  const [a, b] = [model("a"), model("b")];
  const warm = [ask(greedy, a, rows(0)), ask(greedy, b, rows(0))];
  run();
  await Promise.all(warm);
  const asked = [ask(greedy, a, rows(1)), ask(greedy, b, rows(2)), ask(greedy, a, rows(3)), ask(greedy, b, rows(4))];
  run();
  expect((await Promise.all(asked)).map(valuesOf)).toEqual([[1], [2], [3], [4]]);
  expect(batches.slice(2)).toEqual([
    [1, 3],
    [2, 4],
  ]);
});

test("a request that cannot be answered is the only one to hear of it", async () => {
  const { ask, run, model } = open();
  const answer = model("a", (value) => value === 2);
  const warm = ask(greedy, answer, rows(0));
  run();
  await warm;
  const asked = [1, 2, 3].map((value) => ask(greedy, answer, rows(value)));
  run();
  const outcomes = await Promise.allSettled(asked);
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(outcomes[1]).toMatchObject({ reason: { message: "2 has no answer" } });
});

test.each([
  ["rows", { ...generous, rows: 3 }, [[0], [1, 2, 3], [4, 5]]],
  ["bytes", { ...generous, bytes: 8 }, [[0], [1, 2], [3, 4], [5]]],
  ["the time that rows took before", { ...generous, ms: 2 }, [[0], [1, 2], [3, 4], [5]]],
])("a batch is bounded by %s", async (_, limits, wanted) => {
  const { ask, run, model, batches } = open(limits);
  const answer = model("a");
  const warm = ask(greedy, answer, rows(0));
  run();
  await warm;
  const asked = [1, 2, 3, 4, 5].map((value) => ask(greedy, answer, rows(value)));
  run();
  await Promise.all(asked);
  expect(batches).toEqual(wanted);
});

test("whoever comes next waits for one batch, however much another tenant has waiting", async () => {
  const { ask, run, model, batches } = open({ ...generous, rows: 2 });
  const [a, b] = [model("a"), model("b")];
  const flood = Array.from({ length: 8 }, (_, i) => ask(greedy, a, rows(i)));
  const late = ask(other, b, rows(100));
  run();
  await Promise.all([...flood, late]);
  expect(batches.findIndex(([value]) => value === 100)).toBeLessThanOrEqual(1);
});

test("the keys of one tenant take turns as well", async () => {
  const { ask, run, model, batches } = open({ ...generous, rows: 2 });
  const answer = model("a");
  const flood = Array.from({ length: 8 }, (_, i) => ask(greedy, answer, rows(i)));
  const late = ask({ tenant: "greedy", key: "2" }, answer, rows(100));
  run();
  await Promise.all([...flood, late]);
  expect(batches.findIndex((batch) => batch.includes(100))).toBeLessThanOrEqual(1);
});

test("what waits takes no more memory than stated: something is computed first", async () => {
  const { ask, model, batches } = open({ ...generous, waitingBytes: 8 });
  const answer = model("a");
  const asked = [1, 2, 3].map((value) => ask(greedy, answer, rows(value)));
  expect(batches).toEqual([[1]]);
  expect(valuesOf(await asked[0]!)).toEqual([1]);
});

test("switched off, each request is computed by itself and at once", async () => {
  const { ask, model, batches, waiting } = open({ ...generous, rows: 1 });
  const answer = model("a");
  const asked = [1, 2, 3].map((value) => ask(greedy, answer, rows(value)));
  expect(batches).toEqual([[1], [2], [3]]);
  expect(waiting()).toBe(0);
  expect((await Promise.all(asked)).map(valuesOf)).toEqual([[1], [2], [3]]);
});
