import { expect, test } from "vitest";
import { createControl, sendSignal } from "../../../workers/engine/control.ts";
import { StoppedReading, untilSignalled } from "../../../workers/training/stop-reading.ts";

test("a job that is told to stop reads no further, and closes the file", async () => {
  const control = createControl();
  const read: number[] = [];
  let closed = false;
  async function* file(): AsyncGenerator<Uint8Array> {
    try {
      for (let chunk = 0; ; chunk++) yield Uint8Array.of(chunk);
    } finally {
      closed = true;
    }
  }
  const reading = (async () => {
    for await (const [chunk] of untilSignalled(control, file())) {
      read.push(chunk!);
      if (chunk === 2) sendSignal(control, "checkpoint");
    }
  })();
  await expect(reading).rejects.toBeInstanceOf(StoppedReading);
  expect(read).toEqual([0, 1, 2]);
  expect(closed).toBe(true);
});
