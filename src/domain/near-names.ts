const mostNames = 3;
const longestCompared = 64;
/** Letter comparisons that one unknown name may cost: about a millisecond, however many names there are. */
const mostComparisons = 300_000;
/** Letters that all questions about the same names may cost together: some tens of milliseconds. Those that come later get no hint. */
const mostLetters = 4_000_000;

/** Upper and lower case and separators count for nothing. */
const plain = (name: string): string =>
  name
    .slice(0, 2 * longestCompared)
    .toLowerCase()
    .replaceAll(/[\s_.-]+/g, "")
    .slice(0, longestCompared);

/** Which letters a name has, as bits: an edit brings in at most one and takes away at most one. */
const lettersOf = (name: string): number => {
  let letters = 0;
  for (let i = 0; i < name.length; i++) letters |= 1 << (name.charCodeAt(i) & 31);
  return letters;
};

const countBits = (bits: number): number => {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count += 1;
  return count;
};

/**
 * How many letters must be changed, added, left out or swapped with their neighbour (Damerau & Levenshtein, optimal string
 * alignment); `most + 1` as soon as it is clear that they are more than `most`.
 */
export const editDistance = (a: string, b: string, most: number): number => {
  let twoUp = new Uint8Array(b.length + 1);
  let above = Uint8Array.from({ length: b.length + 1 }, (_, j) => j);
  let row = new Uint8Array(b.length + 1);
  for (let i = 1; i <= a.length; i++) {
    row[0] = i;
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const changed = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(changed, above[j]! + 1, row[j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, twoUp[j - 2]! + 1);
      row[j] = best;
      if (best < least) least = best;
    }
    // A swap reaches two rows up, so one row above the bound is not yet the end.
    if (least > most + 1) return most + 1;
    [twoUp, above, row] = [above, row, twoUp];
  }
  return above[b.length]!;
};

interface Known {
  name: string;
  plain: string;
  letters: number;
}

/** Below 1: near enough to be meant. `spend` is asked before letters are compared, and may refuse. */
const remoteness = (wanted: Known, known: Known, spend: (comparisons: number) => boolean): number => {
  const [a, b] = [wanted.plain, known.plain];
  if (a === b) return 0;
  const contained = a.length > 2 && b.length > 2 && (a.includes(b) || b.includes(a)) ? 0.9 : 1;
  const longest = Math.max(a.length, b.length);
  // The largest number of edits below 1 + longest/3.
  const most = Math.ceil(longest / 3);
  const least = Math.max(
    longest - Math.min(a.length, b.length),
    countBits(wanted.letters & ~known.letters),
    countBits(known.letters & ~wanted.letters),
  );
  if (least > most || !spend(a.length * b.length)) return contained;
  return Math.min(contained, editDistance(a, b, most) / (1 + longest / 3));
};

const quoted = (names: readonly string[]): string[] => names.map((name) => JSON.stringify(name));

const prepare = (name: string): Known => {
  const letters = plain(name);
  return { name, plain: letters, letters: lettersOf(letters) };
};

/** The names that may have been meant, the nearest first. What all questions share is done once, and each is bounded, however many names there are. */
const createNearestNames = (names: readonly string[]): ((wanted: string) => string[]) => {
  let prepared: Known[] | undefined;
  let lettersLeft = mostLetters;
  return (wanted) => {
    prepared ??= names.map(prepare);
    const asked = prepare(wanted);
    let left = mostComparisons;
    const spend = (comparisons: number): boolean => {
      if (comparisons > left) return false;
      left -= comparisons;
      lettersLeft -= comparisons;
      return true;
    };
    const near: { name: string; far: number }[] = [];
    for (const known of prepared) {
      if (lettersLeft <= 0) break;
      lettersLeft -= known.plain.length;
      const far = remoteness(asked, known, spend);
      if (far < 1) near.push({ name: known.name, far });
    }
    near.sort((a, b) => a.far - b.far);
    return near.slice(0, mostNames).map(({ name }) => name);
  };
};

export const nearestNames = (wanted: string, names: readonly string[]): string[] => createNearestNames(names)(wanted);

/**
 * For error messages about unknown names: how such a message ends. `; did you mean "age"?`, or else the names there are, or nothing
 * when they are too many to list.
 */
export const createNearNames = (names: readonly string[]): ((wanted: string) => string) => {
  const nearestTo = createNearestNames(names);
  return (wanted) => {
    const nearest = nearestTo(wanted);
    if (nearest.length > 0) return `; did you mean ${quoted(nearest).join(" or ")}?`;
    return names.length > 0 && names.length <= 12 ? `; there are ${quoted(names).join(", ")}` : "";
  };
};

export const nearNames = (wanted: string, names: readonly string[]): string => createNearNames(names)(wanted);
