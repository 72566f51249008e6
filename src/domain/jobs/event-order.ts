/** Whether the event `a` stands before `b`: ids are two whole numbers, the milliseconds and the place within one. */
export const isBefore = (a: string, b: string): boolean => {
  const [ofA, ofB] = [a, b].map((id) => id.split("-").map(BigInt)) as [bigint[], bigint[]];
  return ofA[0] === ofB[0] ? (ofA[1] ?? 0n) < (ofB[1] ?? 0n) : (ofA[0] ?? 0n) < (ofB[0] ?? 0n);
};
