/** Places to choose from, by `at`: they are moved about. */
export interface Choice {
  readonly places: Int32Array;
  count: number;
}

const middleOf = (a: number, b: number, c: number): number => Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));

/** The place at which the weights, summed from the smallest `at` on, first reach `wanted`; of equal ones the lowest place. Hoare's selection (1961): the sums' order does not depend on the machine. */
export const weightedSelect = (
  { places, count }: Choice,
  at: (place: number) => number,
  weight: (place: number) => number,
  wanted: number,
): number => {
  let [from, to, rest] = [0, count, wanted];
  for (;;) {
    const pivot = middleOf(at(places[from]!), at(places[(from + to) >> 1]!), at(places[to - 1]!));
    // [from, less) below the pivot, [less, i) equal to it, [more, to) above
    let [less, i, more] = [from, from, to];
    let [below, equal] = [0, 0];
    while (i < more) {
      const place = places[i]!;
      const own = at(place);
      if (own < pivot) {
        below += weight(place);
        places[i++] = places[less]!;
        places[less++] = place;
      } else if (own > pivot) {
        places[i] = places[--more]!;
        places[more] = place;
      } else {
        equal += weight(place);
        i++;
      }
    }
    if (rest <= below && less > from) to = less;
    else if (rest <= below + equal || more === to) {
      let lowest = places[less]!;
      for (let j = less; j < more; j++) lowest = Math.min(lowest, places[j]!);
      return lowest;
    } else {
      rest -= below + equal;
      from = more;
    }
  }
};
