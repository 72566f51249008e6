/** Rows of each part of a data set, or of one class of it. */
export interface SplitSizes {
  train: number;
  validation: number;
  test: number;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/**
 * Divides `target` among strata in proportion to their rows by the largest remainders (Hamilton's method: each within 1 of its exact share), none above its
 * capacity; ties go to the earlier stratum.
 */
const apportion = (target: number, rows: readonly number[], capacity: readonly number[]): number[] => {
  const total = sum(rows);
  const exact = rows.map((count) => (total === 0 ? 0 : (target * count) / total));
  const given = exact.map((share, i) => Math.min(Math.floor(share), capacity[i]!));
  const byRemainder = exact.map((share, i) => ({ i, remainder: share - Math.floor(share) }));
  byRemainder.sort((a, b) => b.remainder - a.remainder || a.i - b.i);
  let left = Math.min(target, sum(capacity)) - sum(given);
  while (left > 0) {
    for (const { i } of byRemainder) {
      if (left === 0 || given[i]! >= capacity[i]!) continue;
      given[i]! += 1;
      left -= 1;
    }
  }
  return given;
};

/** A share of n rows: rounded, but at least one row of a share that is not zero. */
const shareOf = (rows: number, fraction: number): number =>
  fraction === 0 ? 0 : Math.max(1, Math.round(rows * fraction));

/**
 * How many rows of each stratum go to which split, a function of the counts alone, so that planning and preparing agree.
 * Training keeps at least two rows of each stratum where it has them (one when that would leave nothing to test on); test and validation get
 * round(rows · fraction), at least one, as far as the rest suffices.
 * @param strata rows of each class, or all rows as the one stratum
 */
export const splitStrata = (
  strata: readonly number[],
  fractions: { validation: number; test: number },
): SplitSizes[] => {
  const rows = sum(strata);
  const wantedTest = shareOf(rows, fractions.test);
  const wantedValidation = shareOf(rows, fractions.validation);
  const room = (kept: number): number[] => strata.map((count) => Math.max(0, count - kept));
  const capacity = sum(room(2)) >= wantedTest + wantedValidation ? room(2) : room(1);
  const most = sum(capacity);
  const wanted = wantedTest + wantedValidation;
  const testTotal = wanted <= most ? wantedTest : Math.min(most, Math.ceil((most * wantedTest) / wanted));
  const validationTotal = Math.min(wantedValidation, most - testTotal);
  const test = apportion(testTotal, strata, capacity);
  const validation = apportion(
    validationTotal,
    strata,
    capacity.map((count, i) => count - test[i]!),
  );
  return strata.map((count, i) => ({
    train: count - test[i]! - validation[i]!,
    validation: validation[i]!,
    test: test[i]!,
  }));
};

/** The whole of several strata. */
export const totalSizes = (sizes: readonly SplitSizes[]): SplitSizes => ({
  train: sum(sizes.map(({ train }) => train)),
  validation: sum(sizes.map(({ validation }) => validation)),
  test: sum(sizes.map(({ test }) => test)),
});
