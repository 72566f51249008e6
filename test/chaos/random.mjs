/** Mulberry32: a small generator whose whole state is the seed, so that a run's choices can be repeated. */
export const createRandom = (seed) => {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    uniform,
    between: (from, to) => from + (to - from) * uniform(),
    below: (count) => Math.floor(uniform() * count),
    /** One of `[{ weight, … }]`. */
    weighted: (options) => {
      let left = uniform() * options.reduce((sum, { weight }) => sum + weight, 0);
      for (const option of options) {
        left -= option.weight;
        if (left < 0) return option;
      }
      return options.at(-1);
    },
  };
};
