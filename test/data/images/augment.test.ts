import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createAugment } from "../../../src/data/images/augment.ts";
import { createResample } from "../../../src/data/images/resample.ts";
import { AugmentSpec } from "../../../src/domain/jobs/spec/parts/augment-spec.ts";
import type { FeatureTransform } from "../../../src/domain/models/model.ts";

type ImageTransform = Extract<FeatureTransform, { type: "image" }>;

const [height, width, channels] = [10, 14, 3];
const transform: ImageTransform = {
  ...{ type: "image", column: "image", height, width, channels, shorterSide: 10, missingIndicator: false },
  ...{ mean: [0, 0, 0], scale: [1, 1, 1] },
};
const pixels = Uint8Array.from({ length: height * width * channels }, (_, i) => (i * 37 + (i >> 4)) % 256);
const key = (index: number) => ({ seedLow: 7, seedHigh: 0, purpose: 3, index });

const see = (spec: object, index = 0, own = transform): Float32Array => {
  const { height: rows, width: columns } = own.crop ?? own;
  const out = new Float32Array(rows * columns * channels);
  createAugment(own, AugmentSpec.parse(spec))(pixels, key(index), out, 0);
  return out;
};
const mirrored = (values: Float32Array): Float32Array =>
  values.map((_, i) => {
    const [c, x, y] = [i % channels, Math.floor(i / channels) % width, Math.floor(i / channels / width)];
    return values[(y * width + width - 1 - x) * channels + c]!;
  });

describe("a training image that changes from epoch to epoch", () => {
  test("is as it is stored where nothing changes it", () => {
    expect(see({})).toEqual(Float32Array.from(pixels));
  });

  test("is mirrored in about every second epoch, and nothing else", () => {
    const plain = see({});
    const seen = Array.from({ length: 200 }, (_, i) => see({ flip: true }, i));
    const flipped = seen.filter((values) => Buffer.from(values.buffer).equals(Buffer.from(mirrored(plain).buffer)));
    const same = seen.filter((values) => Buffer.from(values.buffer).equals(Buffer.from(plain.buffer)));
    expect(flipped.length + same.length).toBe(200);
    expect(Math.abs(flipped.length - 100)).toBeLessThan(30);
  });

  test("is moved by whole and broken pixels, the border repeated", () => {
    const moved = see({ shift: 0.4 }, 3);
    expect(moved).not.toEqual(see({}));
    for (const value of moved) expect(value).toBeGreaterThanOrEqual(0);
  });

  test("is turned by angles of its own, and what has one colour keeps it", () => {
    const turned = Array.from({ length: 400 }, (_, i) => see({ rotation: 180 }, i));
    const middle = (values: Float32Array): number =>
      (values[(4 * width + 6) * channels]! +
        values[(4 * width + 7) * channels]! +
        values[(5 * width + 6) * channels]! +
        values[(5 * width + 7) * channels]!) /
      4;
    const grey = createAugment(transform, AugmentSpec.parse({ rotation: 180 }));
    const flat = new Float32Array(pixels.length);
    grey(new Uint8Array(pixels.length).fill(90), key(1), flat, 0);
    for (const value of flat) expect(value).toBeCloseTo(90, 4);
    expect(new Set(turned.map((values) => middle(values).toFixed(3))).size).toBeGreaterThan(300);
  });

  test("a random part covers the stated share of the area and stays within the image", () => {
    const spec = { randomResizedCrop: { scale: [0.2, 0.5] } };
    const seen = see(spec, 5);
    expect(seen.every((value) => value >= 0 && value <= 255)).toBe(true);
    expect(see(spec, 6)).not.toEqual(seen);
  });

  test("brightness multiplies, contrast spreads about the mean", () => {
    const dim = see({ brightness: 0.5 }, 2);
    const factor = dim[0]! / pixels[0]! || dim[3]! / pixels[3]!;
    expect(dim[30]! / pixels[30]!).toBeCloseTo(factor, 1);
    const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0) / values.length;
    const flat = see({ contrast: 0.9 }, 4);
    expect(Math.abs(mean(flat) - mean(pixels))).toBeLessThan(12);
  });

  test("depends on the key alone: the same numbers on every machine", () => {
    const spec = { flip: true, shift: 0.1, randomResizedCrop: {}, rotation: 20, brightness: 0.3, contrast: 0.3 };
    const own = { ...transform, crop: { shorterSide: 9, height: 7, width: 8 } };
    const hash = createHash("sha256");
    for (let i = 0; i < 20; i++) hash.update(new Uint8Array(see(spec, i, own).buffer));
    expect(hash.digest("hex")).toMatchInlineSnapshot(
      `"50ef33e0d29c587edbc8855ddde80fac1cfae9fc84808d569403d015942f26c8"`,
    );
  });

  test("without change a crop is close to what prediction resizes", () => {
    const own = { ...transform, crop: { shorterSide: 10, height: 8, width: 8 } };
    const plain = new Float64Array(8 * 8 * channels);
    createResample(own, own.crop)(pixels, plain);
    expect(see({}, 0, own)).toEqual(Float32Array.from(plain));
  });
});
