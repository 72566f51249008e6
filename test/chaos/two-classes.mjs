import { createRandom } from "./random.mjs";

/** Two classes that no line separates, as CSV: 400 rows, the same in every run. */
export const twoClasses = () => {
  const random = createRandom(7);
  const rows = Array.from({ length: 400 }, () => {
    const [x, y] = [random.between(-1, 1), random.between(-1, 1)];
    return `${x.toFixed(6)},${y.toFixed(6)},${x * y > 0 ? "same" : "other"}`;
  });
  return `x,y,label\n${rows.join("\n")}\n`;
};
