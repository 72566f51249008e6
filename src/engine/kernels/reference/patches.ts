import type { PatchKernels } from "../families/patches.ts";
import { forEachTap, inputPixel, toGeometry } from "./convolution.ts";
import type { ReferenceMemory } from "./memory.ts";

export const referencePatches = ({ get, set }: ReferenceMemory): PatchKernels => ({
  im2col: (out, x, group, ...rest) => {
    const g = toGeometry(rest);
    const k = g.kernelHeight * g.kernelWidth * g.inGroup;
    for (let pixel = g.start; pixel < g.end; pixel++)
      forEachTap(g, (tap, ky, kx) => {
        const from = inputPixel(g, pixel, ky, kx);
        for (let ci = 0; ci < g.inGroup; ci++) {
          const value = from < 0 ? 0 : get(x, from * g.channels + group * g.inGroup + ci);
          set(out, pixel * k + tap * g.inGroup + ci, value);
        }
      });
  },
  col2im: (dx, patches, group, firstRow, rows, ...rest) => {
    const g = toGeometry(rest);
    const k = g.kernelHeight * g.kernelWidth * g.inGroup;
    const samplePixels = g.height * g.width;
    for (let sample = g.start; sample < g.end; sample++) {
      // Sums in f64, rounded once.
      const sums = new Float64Array(samplePixels * g.inGroup);
      const place = (i: number): number =>
        (sample * samplePixels + Math.floor(i / g.inGroup)) * g.channels + group * g.inGroup + (i % g.inGroup);
      for (let i = 0; i < sums.length; i++) sums[i] = firstRow === 0 ? 0 : get(dx, place(i));
      for (let line = 0; line < rows * g.outWidth; line++)
        forEachTap(g, (tap, ky, kx) => {
          const to = inputPixel(g, (sample * g.outHeight + firstRow) * g.outWidth + line, ky, kx);
          for (let ci = 0; to >= 0 && ci < g.inGroup; ci++)
            sums[(to - sample * samplePixels) * g.inGroup + ci]! += get(
              patches,
              (sample * rows * g.outWidth + line) * k + tap * g.inGroup + ci,
            );
        });
      for (let i = 0; i < sums.length; i++) set(dx, place(i), sums[i]!);
    }
  },
});
