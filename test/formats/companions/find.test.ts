import { describe, expect, test } from "vitest";
import { findImage } from "../../../src/formats/companions/find-image.ts";
import { type Companions, findLabels } from "../../../src/formats/companions/find-labels.ts";

const companions = (
  files: Readonly<Record<string, unknown>>,
  metadata: Readonly<Record<string, string>> = {},
  folder = "",
): Companions => ({
  metadata: new Map(Object.entries(metadata)),
  files: new Map(
    Object.entries(files).map(([path, content]) => [
      path,
      new TextEncoder().encode(typeof content === "string" ? content : JSON.stringify(content)),
    ]),
  ),
  folder,
});

describe("labels", () => {
  test.each<[string, Companions]>([
    ["labels.json beside the network", companions({ "net/labels.json": ["a", "b"] }, {}, "net/")],
    ["labels.json at the archive's top", companions({ "labels.json": { 0: "a", 1: "b" } }, {}, "net/")],
    ["labels.txt", companions({ "labels.txt": "\uFEFFa\r\nb\r\n" }, { names: "['x', 'y']" })],
    ["Hugging Face's config.json", companions({ "config.json": { id2label: { 0: "a", 1: "b" } } })],
    [
      "timm's config.json, in words",
      companions({ "config.json": { label_names: ["n1", "b"], label_descriptions: { n1: "a" } } }),
    ],
    ["Ultralytics' metadata", companions({}, { names: "{0: 'a', 1: 'b'}", stride: "32" })],
    ["metadata in lines", companions({}, { classes: "a\nb" })],
    [
      "metadata, where config.json has only placeholders",
      companions({ "config.json": { id2label: { 0: "LABEL_0", 1: "LABEL_1" } } }, { labels: '["a","b"]' }),
    ],
  ])("are found in %s", (_name, given) => {
    const { labels, found, warnings } = findLabels(given, 2);
    expect(labels).toEqual(["a", "b"]);
    expect(found[0]).toMatch(/^labels: 2, in /);
    expect(warnings).toEqual([]);
  });

  test("that do not fit are an error in a file of labels, and a warning elsewhere", () => {
    expect(() => findLabels(companions({ "labels.txt": "a\nb\nc\n" }), 2)).toThrow(/3 labels in labels.txt.*2 columns/);
    expect(() => findLabels(companions({ "labels.json": { a: true } }), 2)).toThrow(/must be a list/);
    expect(() => findLabels(companions({ "labels.json": "[" }), 2)).toThrow(/must be a list/);
    expect(() => findLabels(companions({ "labels.txt": `a\n${"b".repeat(501)}` }), 2)).toThrow(/too long/);
    const { labels, warnings } = findLabels(companions({}, { names: "{0: 'person'}" }), 84);
    expect(labels).toBeNull();
    expect(warnings).toEqual([expect.stringMatching(/metadata \(names\) names 1 classes.*84 columns/)]);
  });
});

const port = (size: number, channels = 3) => ({
  name: "x",
  type: "float32" as const,
  shape: [-1, channels, size, size],
});
const imagenet = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] };

/** What Hugging Face's processors write, by the network they are of. */
const processors: [string, object, number, object, RegExp[]][] = [
  [
    "ViT: the whole picture, stretched",
    {
      ...{ do_normalize: true, do_rescale: true, do_resize: true, image_processor_type: "ViTImageProcessor" },
      ...{ image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5], resample: 2, rescale_factor: 1 / 255 },
      size: { height: 224, width: 224 },
    },
    224,
    { shorterSide: 224, scale: 1 / 255, mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5], fit: "stretch" },
    [],
  ],
  [
    "an older feature extractor, with a side alone",
    { do_normalize: true, do_resize: true, image_mean: 0.5, image_std: 0.5, size: 224 },
    224,
    { shorterSide: 224, scale: 1 / 255, mean: [0.5, 0.5, 0.5], fit: "stretch" },
    [],
  ],
  [
    "ResNet and ConvNeXt: a margin is cut off",
    {
      crop_pct: 0.875,
      image_mean: imagenet.mean,
      image_std: imagenet.deviation,
      resample: 3,
      size: { shortest_edge: 224 },
    },
    224,
    { shorterSide: 256, ...imagenet },
    [/resizes pictures bicubic/],
  ],
  [
    "DeiT: stretched, then cut",
    {
      ...{ crop_size: { height: 224, width: 224 }, do_center_crop: true, size: { height: 256, width: 256 } },
      ...{ image_mean: imagenet.mean, image_std: imagenet.deviation },
    },
    224,
    { shorterSide: 256, fit: "stretch", ...imagenet },
    [],
  ],
  [
    "MobileViT: blue first, no normalisation",
    {
      ...{ crop_size: { height: 256, width: 256 }, do_center_crop: true, do_flip_channel_order: true },
      ...{ do_rescale: true, rescale_factor: 1 / 255, size: { shortest_edge: 288 }, do_normalize: false },
    },
    256,
    { shorterSide: 288, mean: [0, 0, 0], deviation: [1, 1, 1], channelOrder: "bgr" },
    [],
  ],
  [
    "EfficientNet: divided twice",
    {
      ...{ image_mean: imagenet.mean, image_std: [0.5, 0.4, 0.2], include_top: true, do_normalize: true },
      ...{ size: { height: 224, width: 224 } },
    },
    224,
    { deviation: [0.25, 0.4 * 0.4, 0.2 * 0.2] },
    [],
  ],
  [
    "one with an offset: −1 to 1",
    { do_normalize: false, rescale_factor: 1 / 127.5, rescale_offset: true, size: { shortest_edge: 224 } },
    224,
    { scale: 1 / 127.5, mean: [1, 1, 1], deviation: [1, 1, 1] },
    [],
  ],
  [
    "another side than the network's: in proportion",
    { crop_size: 224, size: { shortest_edge: 256 }, image_mean: imagenet.mean, image_std: imagenet.deviation },
    448,
    { shorterSide: 512, height: 448 },
    [/is for pictures of 224 pixels/],
  ],
];

describe("what pictures become", () => {
  test.each(processors)("as preprocessor_config.json of %s", (_name, config, side, wanted, warned) => {
    const { image, found, warnings } = findImage(companions({ "preprocessor_config.json": config }), port(side));
    expect(image).toMatchObject({ height: side, width: side, ...wanted });
    expect(found).toEqual([expect.stringMatching(/preprocessor_config\.json/)]);
    expect(warnings).toEqual(warned.map((text) => expect.stringMatching(text)));
  });

  test("as timm's config.json", () => {
    const pretrained_cfg = { mean: imagenet.mean, std: imagenet.deviation, input_size: [3, 288, 288], crop_pct: 0.95 };
    const config = { architecture: "resnet50", pretrained_cfg: { ...pretrained_cfg, interpolation: "bicubic" } };
    const { image, warnings } = findImage(companions({ "config.json": config }), port(288));
    expect(image).toMatchObject({ shorterSide: 303, scale: 1 / 255, ...imagenet });
    expect(warnings).toEqual([expect.stringMatching(/bicubic/)]);
    const squashed = { ...config, pretrained_cfg: { ...pretrained_cfg, crop_mode: "squash", crop_pct: 1 } };
    expect(findImage(companions({ "config.json": squashed }), port(288)).image?.fit).toBe("stretch");
  });

  test.each([
    ["NominalRange_0_255", { scale: 1, mean: [0, 0, 0] }],
    ["Normalized_0_1", { scale: 1 / 255, mean: [0, 0, 0] }],
    ["Normalized_1_1", { scale: 1 / 127.5, mean: [1, 1, 1] }],
    ["nominalrange_16_235", { scale: 219 / 255, mean: [-16, -16, -16] }],
  ])("as ONNX's metadata has it: %s", (range, wanted) => {
    const metadata = { "Image.BitmapPixelFormat": "Bgr8", "image.nominalpixelrange": range };
    const gamma = { "Image.ColorSpaceGamma": "Linear" };
    const { image, warnings } = findImage(companions({}, { ...metadata, ...gamma }), port(8));
    expect(image).toMatchObject({ channelOrder: "bgr", shorterSide: 8, deviation: [1, 1, 1], ...wanted });
    expect(warnings).toEqual([expect.stringMatching(/linear light/)]);
    expect(findImage(companions({}, metadata), port(8, 1)).image).not.toHaveProperty("channelOrder");
  });

  test("as this service's own files have it", () => {
    const image = { shorterSide: 9, height: 8, width: 8, scale: 1, mean: [1, 2, 3], deviation: [1, 1, 1] };
    const metadata = { "descent.image": JSON.stringify(image) };
    expect(findImage(companions({}, metadata), port(8)).image).toEqual(image);
    expect(findImage(companions({}, metadata), port(9)).image).toBeNull();
  });

  test("is left out with a reason where it cannot be followed", () => {
    const told = (config: unknown, channels = 3) =>
      findImage(companions({ "preprocessor_config.json": config }), port(8, channels));
    const left: [unknown, RegExp, number?][] = [
      ["{", /is no JSON/],
      [{ size: "large" }, /not what it usually is \(at size\)/],
      [{ do_normalize: true }, /numbers that it does not have/],
      [{ image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] }, /3 channels.* 1;/, 1],
      [{ image_mean: [0.5, 0.5, 0.5], image_std: [0, 1, 1] }, /cannot be/],
    ];
    for (const [config, reason, channels] of left) {
      const { image, warnings } = told(config, channels);
      expect(image).toBeNull();
      expect(warnings).toEqual([expect.stringMatching(reason)]);
    }
    const table = { name: "x", type: "float32" as const, shape: [-1, 8] };
    expect(findImage(companions({ "preprocessor_config.json": "{" }), table).warnings).toEqual([]);
  });
});
