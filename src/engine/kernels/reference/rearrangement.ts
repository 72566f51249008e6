import type { RearrangementKernels } from "../families/rearrangement.ts";
import type { ReferenceMemory } from "./memory.ts";

export const referenceRearrangement = ({ get, set }: ReferenceMemory): RearrangementKernels => ({
  swapAxes: (out, x, first, second, inner, start, end) => {
    for (let unit = start; unit < end; unit++) {
      const [batch, j] = [Math.floor(unit / second), unit % second];
      for (let i = 0; i < first; i++)
        for (let k = 0; k < inner; k++)
          set(out, (unit * first + i) * inner + k, get(x, ((batch * first + i) * second + j) * inner + k));
    }
  },
  repeatRows: (out, x, times, inner, start, end) => {
    for (let unit = start; unit < end; unit++)
      for (let k = 0; k < inner; k++) set(out, unit * inner + k, get(x, Math.floor(unit / times) * inner + k));
  },
  sumRepeated: (out, x, times, inner, factor, start, end) => {
    for (let o = start; o < end; o++)
      for (let i = 0; i < inner; i++) {
        let total = 0;
        for (let t = 0; t < times; t++) total += get(x, (o * times + t) * inner + i);
        set(out, o * inner + i, factor * total);
      }
  },
});
