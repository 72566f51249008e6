import type { RearrangementKernels } from "../families/rearrangement.ts";
import { type CasesOf, realOutput } from "./case.ts";

export const rearrangementCases: CasesOf<RearrangementKernels> = {
  swapAxes: (r) => {
    const [batches, first, second] = [r.size(1, 3), r.size(1, 7), r.size(1, 9)];
    const inner = r.flag() ? 1 : r.size(1, 11);
    const count = batches * first * second * inner;
    const out = r.blank(count);
    const args = [out, r.real(count), first, second, inner];
    return { args, units: batches * second, outputs: [realOutput(out, count, 0)] };
  },
  repeatRows: (r) => {
    const [outer, times, inner] = [r.size(1, 5), r.size(1, 7), r.size(1, 11)];
    const out = r.blank(outer * times * inner);
    const args = [out, r.real(outer * inner), times, inner];
    return { args, units: outer * times, outputs: [realOutput(out, outer * times * inner, 0)] };
  },
  sumRepeated: (r) => {
    const [outer, times, inner] = [r.size(1, 5), r.size(1, 200), r.size(1, 11)];
    const out = r.blank(outer * inner);
    const args = [out, r.real(outer * times * inner), times, inner, r.between(0.1, 2)];
    // Partial sums are single: for 200 terms and a factor of 2 some four ulps of 8 are usual, and six times that does not happen.
    return { args, units: outer, outputs: [realOutput(out, outer * inner, 24, 8)] };
  },
};
