import { expect, test } from "vitest";
import { standardiseColumns } from "../../../src/engine/exact/design.ts";
import { rankOf } from "../../../src/engine/exact/least-squares.ts";
import { areClearlyIndependent } from "../../../src/engine/exact/posing/independent.ts";
import { triangleDoubles } from "../../../src/engine/exact/triangle.ts";
import { createRandomStream, seedWords } from "../../../src/engine/kernels/philox.ts";
import { tableOf } from "../../../src/engine/tensor/table.ts";

const [rows, inputs] = [203, 4];
const nothing = (): void => {};

/** The last of four columns is the sum of two others, and so much of its own. */
const judge = (own: number, weighted: boolean) => {
  const random = createRandomStream({ ...seedWords(5), purpose: 0, index: 0 });
  const values = new Float64Array(rows * inputs);
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < inputs; j++) values[row * inputs + j] = random.uniform();
    const at = row * inputs;
    values[at + 3] = values[at]! - 2 * values[at + 1]! + own * values[at + 3]!;
  }
  const design = standardiseColumns(tableOf(values, inputs), Int32Array.of(-1, 0, 1, 2, 3));
  const weights = weighted ? Float64Array.from({ length: rows }, () => random.uniform()) : null;
  const ranked = rankOf(design, weights, new Float64Array(triangleDoubles(5)), nothing);
  return { isClear: areClearlyIndependent(design, weights, nothing), dependent: ranked.dependent };
};

test.each([false, true])("what sums of squares call independent QR does, too (weighted: %s)", (weighted) => {
  const judged = Array.from({ length: 18 }, (_, i) => judge(10 ** -i, weighted));
  for (const { isClear, dependent } of judged) if (isClear) expect(dependent).toEqual([]);
  expect(judged[0]!.isClear).toBe(true);
  expect(judged.at(-1)).toEqual({ isClear: false, dependent: [4] });
  // Between them QR knows more.
  expect(judged.filter(({ isClear }) => isClear).length).toBeLessThan(
    judged.filter(({ dependent }) => dependent.length === 0).length,
  );
});
