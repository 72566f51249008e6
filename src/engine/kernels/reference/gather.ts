import type { GatherKernels } from "../families/gather.ts";
import type { ReferenceMemory } from "./memory.ts";

export const referenceGather = ({ get, set, getInteger, setInteger }: ReferenceMemory): GatherKernels => {
  const gather = (
    indices: number,
    cursor: number,
    columns: number,
    start: number,
    end: number,
    move: (to: number, from: number) => void,
  ): void => {
    const first = cursor ? getInteger(cursor, 0) : 0;
    for (let i = start; i < end; i++)
      for (let j = 0; j < columns; j++) move(i * columns + j, getInteger(indices, first + i) * columns + j);
  };
  return {
    gatherRows: (out, data, indices, cursor, columns, start, end) =>
      gather(indices, cursor, columns, start, end, (to, from) => set(out, to, get(data, from))),
    gatherIntegers: (out, data, indices, cursor, columns, start, end) =>
      gather(indices, cursor, columns, start, end, (to, from) => setInteger(out, to, getInteger(data, from))),
  };
};
