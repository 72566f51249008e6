import { expect, test } from "vitest";
import { createLoadedModels, type Loaded } from "../../../workers/inference/loaded-models.ts";

/** Models that say what they are, and how often each was loaded. */
const open = (capacityBytes: number) => {
  const models = createLoadedModels<string>(capacityBytes);
  const loads = new Map<string, number>();
  const get = (key: string, bytes: number): Promise<string> =>
    models.get(key, async () => {
      loads.set(key, (loads.get(key) ?? 0) + 1);
      return { value: key, bytes };
    });
  return { models, loads, get };
};

test("keeps the models used last, within its bytes", async () => {
  const { models, loads, get } = open(100);
  await get("t/a/1", 40);
  await get("t/b/1", 40);
  await get("t/a/1", 40);
  await get("t/c/1", 40);
  expect(models.usedBytes()).toBe(80);
  await get("t/a/1", 40);
  expect(loads.get("t/a/1")).toBe(1);
  await get("t/b/1", 40);
  expect(loads.get("t/b/1")).toBe(2);
});

test("does not empty itself for a model that is larger than all of it", async () => {
  const { models, loads, get } = open(100);
  await get("t/a/1", 40);
  expect(await get("t/b/1", 101)).toBe("t/b/1");
  expect(models.usedBytes()).toBe(40);
  await get("t/b/1", 101);
  await get("t/a/1", 40);
  expect(Object.fromEntries(loads)).toEqual({ "t/a/1": 1, "t/b/1": 2 });
});

test("forgets all of a model's versions, also what is on its way", async () => {
  const { models, get } = open(100);
  await get("t/a/1", 40);
  await get("t/a/2", 10);
  await get("t/ab/1", 10);
  const coming = get("t/a/3", 10);
  models.removeBelow("t/a/");
  expect(await coming).toBe("t/a/3");
  expect(models.usedBytes()).toBe(10);
});

test("loads a model once for all who ask for it meanwhile, and again after a failure", async () => {
  const models = createLoadedModels<string>(100);
  const loads: ((loaded: Loaded<string> | Error) => void)[] = [];
  const load = (): Promise<Loaded<string>> =>
    new Promise((resolve, reject) => {
      loads.push((loaded) => (loaded instanceof Error ? reject(loaded) : resolve(loaded)));
    });
  const asked = [models.get("t/a/1", load), models.get("t/a/1", load)];
  loads[0]!(new Error("the store is away"));
  expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  const again = [models.get("t/a/1", load), models.get("t/a/1", load)];
  expect(loads).toHaveLength(2);
  loads[1]!({ value: "a", bytes: 1 });
  expect(await Promise.all(again)).toEqual(["a", "a"]);
});
