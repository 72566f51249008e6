const mostNames = 3;
const longestCompared = 64;

/** How many letters must be changed, added, left out or swapped with their neighbour (Damerau & Levenshtein, optimal string alignment). */
const editDistance = (a: string, b: string): number => {
  let twoUp = new Uint16Array(b.length + 1);
  let above = Uint16Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = new Uint16Array(b.length + 1);
    row[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const changed = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(changed, above[j]! + 1, row[j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, twoUp[j - 2]! + 1);
      row[j] = best;
    }
    twoUp = above;
    above = row;
  }
  return above[b.length]!;
};

const plain = (name: string): string => name.toLowerCase().replaceAll(/[\s_.-]+/g, "");

/** Below 1: near enough to be meant. Upper and lower case and separators count for nothing. */
const remoteness = (wanted: string, name: string): number => {
  const [a, b] = [plain(wanted).slice(0, longestCompared), plain(name).slice(0, longestCompared)];
  if (a === b) return 0;
  const contained = a.length > 2 && b.length > 2 && (a.includes(b) || b.includes(a));
  return Math.min(contained ? 0.9 : 1, editDistance(a, b) / (1 + Math.max(a.length, b.length) / 3));
};

/**
 * The end of an error message about an unknown name: `; did you mean "age"?`, or else the names there are, or nothing when they are too many to list.
 */
export const nearNames = (wanted: string, names: readonly string[]): string => {
  const near = names
    .map((name) => ({ name, far: remoteness(wanted, name) }))
    .filter(({ far }) => far < 1)
    .sort((a, b) => a.far - b.far)
    .slice(0, mostNames);
  const quoted = (some: readonly string[]): string[] => some.map((name) => JSON.stringify(name));
  if (near.length > 0) return `; did you mean ${quoted(near.map(({ name }) => name)).join(" or ")}?`;
  return names.length <= 12 ? `; there are ${quoted(names).join(", ")}` : "";
};
