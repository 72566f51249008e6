// Tables whose label is noise for the most part.

/** Shapes that are tried. `categories`: 13 columns of 6 equally likely levels; `numbers`: 13 normal ones. `signal`: the chance that a row's label follows its inputs. */
export const noisyTables = [
  { rows: 4900, classes: 9, kind: "categories", signal: 0.3 },
  { rows: 4900, classes: 2, kind: "numbers", signal: 0 },
  { rows: 2000, classes: 12, kind: "categories", signal: 0.2 },
  { rows: 2000, classes: 3, kind: "numbers", signal: 0.1 },
  { rows: 1000, classes: 5, kind: "numbers", signal: 0.5 },
  { rows: 1000, classes: 12, kind: "numbers", signal: 0.2 },
  { rows: 500, classes: 2, kind: "categories", signal: 0.3 },
  { rows: 500, classes: 2, kind: "numbers", signal: 0 },
  { rows: 500, classes: 5, kind: "categories", signal: 0.1 },
  { rows: 500, classes: 12, kind: "categories", signal: 0 },
];

const columns = 13;

/** A CSV file: with the chance `signal` class min(C − 1, ⌊C·z⌋ with z in [0, 1) of the first four inputs, else any class. */
export const noisyTable = (createRandomStream, { rows, classes, kind, signal }, seed) => {
  const { uniform, below } = createRandomStream({ seedLow: seed, seedHigh: rows, purpose: 0x6e6f6973, index: classes });
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const names = Array.from({ length: columns }, (_, i) => `x${i}`);
  const lines = Array.from({ length: rows }, () => {
    const cells = Array.from({ length: columns }, () => (kind === "categories" ? below(6) : normal()));
    const sum = cells[0] + cells[1] + cells[2] + cells[3];
    const z = kind === "categories" ? sum / 24 : 0.5 + Math.atan(sum / 2) / Math.PI;
    const label = uniform() < signal ? Math.min(classes - 1, Math.floor(classes * z)) : below(classes);
    const shown = cells.map((cell) => (kind === "categories" ? `c${cell}` : cell.toFixed(4)));
    return [...shown, `y${label}`].join(",");
  });
  return `${[...names, "y"].join(",")}\n${lines.join("\n")}\n`;
};
