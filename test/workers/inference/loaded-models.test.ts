import { expect, test } from "vitest";
import { createLoadedModels } from "../../../workers/inference/loaded-models.ts";

test("keeps the models used last, within its bytes", () => {
  const models = createLoadedModels<string>(100);
  models.add("t/a/1", { value: "a", bytes: 40 });
  models.add("t/b/1", { value: "b", bytes: 40 });
  expect(models.get("t/a/1")).toBe("a");
  models.add("t/c/1", { value: "c", bytes: 40 });
  expect(models.get("t/b/1")).toBeNull();
  expect(models.get("t/a/1")).toBe("a");
  expect(models.usedBytes()).toBe(80);
});

test("does not empty itself for a model that is larger than all of it", () => {
  const models = createLoadedModels<string>(100);
  models.add("t/a/1", { value: "a", bytes: 40 });
  models.add("t/b/1", { value: "b", bytes: 101 });
  expect(models.get("t/b/1")).toBeNull();
  expect(models.get("t/a/1")).toBe("a");
});

test("counts a model that is loaded again once, and forgets all of a model's versions", () => {
  const models = createLoadedModels<string>(100);
  models.add("t/a/1", { value: "a", bytes: 40 });
  models.add("t/a/1", { value: "a", bytes: 40 });
  models.add("t/a/2", { value: "a", bytes: 10 });
  models.add("t/ab/1", { value: "ab", bytes: 10 });
  expect(models.usedBytes()).toBe(60);
  models.removeBelow("t/a/");
  expect(models.usedBytes()).toBe(10);
});
