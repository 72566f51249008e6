import { expect, test } from "vitest";
import { controls } from "../../../src/engine/train/planning/training.ts";
import {
  beat,
  createControl,
  currentSignal,
  heartbeats,
  sendSignal,
  signals,
} from "../../../workers/engine/control.ts";

test("a request is never weakened by one that comes after it", () => {
  const control = createControl();
  expect(currentSignal(control)).toBe("go");
  sendSignal(control, "checkpoint");
  sendSignal(control, "abandon");
  sendSignal(control, "checkpoint");
  expect(currentSignal(control)).toBe("abandon");
});

test("counts heartbeats beside the request", () => {
  const control = createControl();
  beat(control);
  beat(control);
  expect(heartbeats(control)).toBe(2);
  expect(currentSignal(control)).toBe("go");
});

test("speaks the engine's words", () => {
  expect(signals).toEqual({ go: controls.run, checkpoint: controls.pause, abandon: controls.cancel });
});
