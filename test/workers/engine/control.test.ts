import { expect, test } from "vitest";
import { controls } from "../../../src/engine/train/planning/training.ts";
import { beat, createControl, currentWish, heartbeats, wish, wishes } from "../../../workers/engine/control.ts";

test("a wish is never weakened by one that comes after it", () => {
  const control = createControl();
  expect(currentWish(control)).toBe("go");
  wish(control, "checkpoint");
  wish(control, "abandon");
  wish(control, "checkpoint");
  expect(currentWish(control)).toBe("abandon");
});

test("counts signs of life beside the wish", () => {
  const control = createControl();
  beat(control);
  beat(control);
  expect(heartbeats(control)).toBe(2);
  expect(currentWish(control)).toBe("go");
});

test("speaks the engine's words", () => {
  expect(wishes).toEqual({ go: controls.run, checkpoint: controls.pause, abandon: controls.cancel });
});
