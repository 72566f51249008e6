const named = /^memberShare(\d+)$/;

/** The chosen shares among a job's metrics; undefined: they are equal. */
export const sharesOf = (metrics: Readonly<Record<string, number>>): number[] | undefined => {
  const shares = Object.entries(metrics).flatMap(([name, value]) => {
    const place = named.exec(name)?.[1];
    return place === undefined ? [] : [{ place: Number(place), value }];
  });
  if (shares.length === 0) return undefined;
  return shares.sort((a, b) => a.place - b.place).map(({ value }) => value);
};
