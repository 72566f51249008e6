import { createRandomStream } from "../../../../src/engine/kernels/philox.ts";

export const names = Array.from({ length: 14 }, (_, i) => `x${i}`);

/** Numbers of which two tell a little of two classes: a network without a penalty learns the others by heart, and is far too sure. */
export const noisy = (rows: number): string => {
  const { uniform } = createRandomStream({ seedLow: 7, seedHigh: 0, purpose: 0, index: 0 });
  const lines = Array.from({ length: rows }, () => {
    const numbers = names.map(uniform);
    const label = uniform() < 0.6 ? uniform() < 0.5 : numbers[0]! > numbers[1]!;
    return `${numbers.join(",")},${label ? "yes" : "no"}`;
  });
  return `${names.join(",")},answer\n${lines.join("\n")}\n`;
};

export const task = { type: "classification", label: "answer" } as const;
