import { expect, test } from "vitest";
import { createAugment } from "../../../src/data/images/augment.ts";
import { createFeatureEncoder } from "../../../src/data/preprocessing/feature-encoder.ts";
import { networkPreprocessing } from "../../../src/domain/jobs/spec/base/network-base.ts";
import { AugmentSpec } from "../../../src/domain/jobs/spec/parts/augment-spec.ts";
import type { ImportedModel } from "../../../src/domain/models/imported-model.ts";
import type { FeatureTransform } from "../../../src/domain/models/model.ts";

type ImageTransform = Extract<FeatureTransform, { type: "image" }>;

const image: ImageTransform = {
  ...{ type: "image", column: "photo", height: 4, width: 6, channels: 3, shorterSide: 4, missingIndicator: false },
  ...{ mean: [10, 20, 30], scale: [2, 4, 8] },
};
const pixels = Uint8Array.from({ length: 72 }, (_, i) => (i * 37) % 256);

const reversed = (values: Float32Array): number[] => Array.from(values, (_, i) => values[i - (i % 3) + 2 - (i % 3)]!);

test.each([
  ["as it is", image],
  ["resized and cut", { ...image, crop: { shorterSide: 3, height: 2, width: 3 } }],
])("an image %s is the same with its channels turned round, in training and augmented", (_name, transform) => {
  const { width, write } = createFeatureEncoder(transform);
  const [plain, blueFirst, augmented, turned] = Array.from({ length: 4 }, () => new Float32Array(width)) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  write(plain, 0, pixels);
  createFeatureEncoder({ ...transform, channelOrder: "bgr" as const }).write(blueFirst, 0, pixels);
  expect([...blueFirst]).toEqual(reversed(plain));
  expect([...blueFirst]).not.toEqual([...plain]);
  const augment = AugmentSpec.parse({ flip: true, brightness: 0.2 });
  const key = { seedLow: 1, seedHigh: 0, purpose: 1, index: 3 };
  createAugment(transform, augment)(pixels, key, augmented, 0);
  createAugment({ ...transform, channelOrder: "bgr" }, augment)(pixels, key, turned, 0);
  expect([...turned]).toEqual(reversed(augmented));
});

test("a job that starts from a network which takes blue first gives it pictures so, scaled as its own", () => {
  const base = {
    inputs: [{ name: "x", type: "float32", shape: [-1, 3, 8, 8] }],
    image: {
      ...{ shorterSide: 9, height: 8, width: 8, scale: 1, channelOrder: "bgr" },
      ...{ mean: [103.5, 116.25, 123.75], deviation: [51, 102, 255] },
    },
  } as unknown as ImportedModel;
  const own = networkPreprocessing(undefined, { height: 8, width: 8, channels: 3 }, base);
  expect(own?.channelOrder).toBe("bgr");
  const { mean, deviation } = own!.images as { mean: number[]; deviation: number[] };
  for (const [c, value] of [123.75, 116.25, 103.5].entries()) expect(mean[c]).toBeCloseTo(value / 255, 12);
  expect(deviation).toEqual([1, 0.4, 0.2]);
  const stated = networkPreprocessing(
    { images: "unit", channelOrder: "rgb" },
    { height: 9, width: 9, channels: 3 },
    base,
  );
  expect(stated).toMatchObject({ images: "unit", channelOrder: "rgb", shorterSide: 9, crop: { height: 8, width: 8 } });
});
