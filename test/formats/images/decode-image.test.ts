import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { createImageDecoder, encodePng } from "../../../src/formats/images/decode-image.ts";

const size = { height: 8, width: 8, channels: 3, shorterSide: 8 };
const decode = createImageDecoder(1_000_000);

/** The left half of one colour, the right half of another: 40 × 20 pixels. */
const halves = (left: number[], right: number[]) => {
  const pixels = Buffer.alloc(40 * 20 * left.length);
  for (let i = 0; i < 40 * 20; i++) pixels.set(i % 40 < 20 ? left : right, i * left.length);
  return sharp(pixels, { raw: { width: 40, height: 20, channels: left.length as 1 | 3 | 4 } });
};

const pixelsOf = async (file: Uint8Array, own = {}): Promise<Uint8Array> => {
  const image = await decode(file, { ...size, ...own });
  if ("problem" in image) throw new Error(image.problem);
  return image.pixels;
};

const at = (pixels: Uint8Array, x: number, y: number): number[] => [
  ...pixels.subarray((y * 8 + x) * 3, (y * 8 + x) * 3 + 3),
];
/** JPEG and scaling round. */
const near = (value: number) => expect.toSatisfy((seen: number) => Math.abs(seen - value) <= 6);
const red = [near(255), near(0), near(0)];
const blue = [near(0), near(0), near(255)];

describe("pictures become pixels of 8 bits", () => {
  const picture = halves([255, 0, 0], [0, 0, 255]);
  test.each(["png", "jpeg", "webp"] as const)("%s, its centre cut out", async (format) => {
    const pixels = await pixelsOf(await picture.clone().toFormat(format, { quality: 100 }).toBuffer());
    expect(pixels).toHaveLength(8 * 8 * 3);
    expect(at(pixels, 1, 4)).toEqual(red);
    expect(at(pixels, 6, 4)).toEqual(blue);
  });

  test("upright, whatever the camera's orientation", async () => {
    // Orientation 6: the camera was turned, the stored top is the right.
    const file = await picture.clone().jpeg({ quality: 100 }).withMetadata({ orientation: 6 }).toBuffer();
    const pixels = await pixelsOf(file);
    expect(at(pixels, 4, 1)).toEqual(red);
    expect(at(pixels, 4, 6)).toEqual(blue);
  });

  test("grey, palette, 16 bits and CMYK as sRGB; what is transparent on white", async () => {
    const grey = await pixelsOf(await halves([200], [200]).toColourspace("b-w").png().toBuffer());
    expect(at(grey, 4, 4)).toEqual([200, 200, 200]);
    const palette = await pixelsOf(await picture.clone().png({ palette: true }).toBuffer());
    expect(at(palette, 1, 4)).toEqual(red);
    const deep = await pixelsOf(await picture.clone().toColourspace("rgb16").png().toBuffer());
    expect(at(deep, 6, 4)).toEqual(blue);
    const clear = await pixelsOf(await halves([255, 0, 0, 255], [0, 0, 0, 0]).png().toBuffer());
    expect(at(clear, 1, 4)).toEqual(red);
    expect(at(clear, 6, 4)).toEqual([near(255), near(255), near(255)]);
    const cmyk = await pixelsOf(await halves([255, 255, 255], [255, 255, 255]).toColourspace("cmyk").jpeg().toBuffer());
    expect(at(cmyk, 4, 4)).toEqual([near(255), near(255), near(255)]);
    expect(await pixelsOf(await picture.clone().png().toBuffer(), { channels: 1 })).toHaveLength(64);
  });

  test("a picture of the stated size is taken as it is, also after it was shown as PNG", async () => {
    const pixels = Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => (i * 37) % 256);
    const file = await encodePng(pixels, size);
    expect(await pixelsOf(file, { shorterSide: 10 })).toEqual(pixels);
  });
});

describe("hostile pictures are answered with a problem", () => {
  test("of other formats, which no decoder is given", async () => {
    for (const text of ["<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", "GIF89a", "", "label,x"])
      expect(await decode(Buffer.from(text), size)).toEqual({ problem: "it is no PNG, JPEG or WebP image" });
  });

  test("that are cut short or changed", async () => {
    for (const format of ["png", "jpeg", "webp"] as const) {
      const file = await halves([255, 0, 0], [0, 99, 255]).toFormat(format).toBuffer();
      expect(await decode(file.subarray(0, Math.floor(file.length * 0.6)), size)).toHaveProperty("problem");
      for (let at = 12; at < file.length; at += Math.ceil(file.length / 40)) {
        const changed = Buffer.from(file);
        changed[at] = changed[at]! ^ 0x5a;
        const image = await decode(changed, size);
        expect("problem" in image || image.pixels.length === 192).toBe(true);
      }
    }
  });

  test("whose header states more pixels than are allowed, before anything is decoded", async () => {
    const file = await halves([1, 2, 3], [1, 2, 3]).png().toBuffer();
    const bomb = Buffer.from(file);
    bomb.writeUInt32BE(60_000, 16);
    bomb.writeUInt32BE(60_000, 20);
    expect(await decode(bomb, size)).toHaveProperty("problem");
    const honest = await sharp({ create: { width: 2000, height: 1000, channels: 3, background: "#123456" } })
      .png()
      .toBuffer();
    expect(await decode(honest, size)).toEqual({ problem: expect.stringMatching(/pixel/) });
  });
});
