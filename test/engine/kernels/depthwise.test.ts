import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type ConvGeometry,
  convArguments,
  convOutputSize,
  convSizes,
} from "../../../src/engine/kernels/families/convolution.ts";
import { panelCount, scratchBytes } from "../../../src/engine/kernels/families/matrix.ts";
import { compileKernels, instantiateKernels } from "../../../src/engine/kernels/load.ts";
import { createRandomStream } from "../../../src/engine/kernels/philox.ts";

const pages = 200;
const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
const kernels = instantiateKernels(await compileKernels(), memory);

/** Small images are summed one by one, lines in blocks; large ones through the batch. */
const geometry = fc
  .record({
    ...{
      batch: fc.integer({ min: 1, max: 3 }),
      channels: fc.integer({ min: 2, max: 11 }),
      kernel: fc.integer({ min: 1, max: 4 }),
    },
    ...{
      stride: fc.integer({ min: 1, max: 2 }),
      pad: fc.integer({ min: 0, max: 2 }),
      dilation: fc.integer({ min: 1, max: 2 }),
    },
    size: fc.oneof(
      fc.tuple(fc.integer({ min: 7, max: 20 }), fc.integer({ min: 7, max: 20 })),
      fc.tuple(fc.integer({ min: 7, max: 9 }), fc.integer({ min: 250, max: 300 })),
      fc.constant([123, 121] as [number, number]),
    ),
  })
  .map(({ batch, channels, kernel, stride, pad, dilation, size: [height, width] }): ConvGeometry => {
    const outOf = (size: number): number => convOutputSize(size, kernel, stride, 2 * pad, dilation);
    return {
      ...{ batch, height, width, channels, outChannels: channels, groups: channels },
      ...{ outHeight: outOf(height), outWidth: outOf(width), kernelHeight: kernel, kernelWidth: kernel },
      ...{ strideHeight: stride, strideWidth: stride, padTop: pad, padLeft: pad },
      ...{ dilationHeight: dilation, dilationWidth: dilation },
    };
  });

describe("the gradient by weights of a depthwise convolution", () => {
  it("has the bits of the product for each group that it takes the place of", () => {
    const property = fc.property(geometry, fc.integer(), fc.boolean(), (g, seed, accumulates) => {
      let free = 65_536;
      const place = (floats: number): number => {
        const at = free;
        free += 16 * Math.ceil(floats / 4);
        return at;
      };
      const outPixels = g.batch * g.outHeight * g.outWidth;
      const count = g.kernelHeight * g.kernelWidth * g.channels;
      const scratch = place(scratchBytes / 4);
      const [expected, dw] = [place(count), place(count)];
      const [x, dy] = [place(g.batch * g.height * g.width * g.channels), place(outPixels * g.channels)];
      const packed = place(convSizes(g).packedOutputGrad);
      if (free > pages * 65_536) return;
      const floats = new Float32Array(memory.buffer);
      const stream = createRandomStream({ seedLow: seed, seedHigh: 0, purpose: 1, index: 0 });
      for (let i = expected / 4; i < packed / 4; i++) floats[i] = stream.uniform() - 0.5;
      floats.copyWithin(dw / 4, expected / 4, expected / 4 + count);
      const more = accumulates ? 1 : 0;
      kernels.packB(packed, dy, outPixels, 1, g.channels, 1, g.channels, 1, 0, g.channels * panelCount(1));
      kernels.conv2dWeightGrad(
        expected,
        x,
        packed,
        scratch,
        more,
        ...convArguments(g),
        0,
        convSizes(g).weightGradUnits,
      );
      // In two parts, as two threads compute it.
      const units = g.kernelHeight * g.channels;
      const cut = (seed >>> 0) % (units + 1);
      kernels.depthwiseWeightGrad(dw, x, dy, more, ...convArguments(g), 0, cut);
      kernels.depthwiseWeightGrad(dw, x, dy, more, ...convArguments(g), cut, units);
      const bits = (at: number): Uint8Array => new Uint8Array(memory.buffer, at, 4 * count).slice();
      expect(Buffer.compare(bits(dw), bits(expected))).toBe(0);
    });
    fc.assert(property, { numRuns: 16 });
  });
});
