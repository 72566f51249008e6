import { convArguments } from "../../../../src/engine/kernels/families/convolution.ts";
import type { PatchKernels } from "../../../../src/engine/kernels/families/patches.ts";
import { type CasesOf, realOutput } from "../case.ts";
import { outPixels, pixels, randomConv } from "./matrix.ts";

export const patchCases: CasesOf<PatchKernels> = {
  im2col: (r) => {
    const g = randomConv(r);
    const count = (outPixels(g) * g.kernelHeight * g.kernelWidth * g.channels) / g.groups;
    const out = r.blank(count);
    const args = [out, r.real(pixels(g) * g.channels), r.size(0, g.groups - 1), ...convArguments(g)];
    return { args, units: outPixels(g), outputs: [realOutput(out, count, 0)] };
  },
  col2im: (r) => {
    const g = randomConv(r);
    const count = pixels(g) * g.channels;
    const dx = r.real(count);
    const firstRow = r.size(0, g.outHeight - 1);
    const rows = r.size(1, g.outHeight - firstRow);
    const taps = g.kernelHeight * g.kernelWidth;
    const patches = r.real((g.batch * rows * g.outWidth * taps * g.channels) / g.groups);
    const args = [dx, patches, r.size(0, g.groups - 1), firstRow, rows, ...convArguments(g)];
    return { args, units: g.batch, outputs: [realOutput(dx, count, taps, 1)] };
  },
};
