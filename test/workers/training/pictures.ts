import { Readable } from "node:stream";
import sharp from "sharp";
import type { Dataset } from "../../../src/domain/datasets/dataset.ts";
import { createId } from "../../../src/domain/ids.ts";
import { type ArtifactStore, artifactKeys } from "../../../src/store/artifacts/artifact-store.ts";
import { unlimitedRoom } from "../../../src/usecases/admission/room.ts";
import { storeImages } from "../../../src/usecases/datasets/store-images.ts";
import { buildZip, type Packed } from "../../formats/archives/build-archives.ts";

/** Stripes across or down, of a width, a place and colours of their own, as a PNG of 24 × 20 pixels. */
export const picture = (across: boolean, i: number): Promise<Buffer> => {
  const pixels = Buffer.alloc(24 * 20 * 3);
  for (let y = 0; y < 20; y++)
    for (let x = 0; x < 24; x++) {
      const bright = Math.floor(((across ? y : x) + i) / (2 + (i % 2))) % 2 === 0;
      pixels.set(bright ? [200 + (i % 50), 180, 90 + ((i * 7) % 100)] : [30, (i * 11) % 90, 40], (y * 24 + x) * 3);
    }
  return sharp(pixels, { raw: { width: 24, height: 20, channels: 3 } })
    .png()
    .toBuffer();
};

export const photographs = async (each = 40): Promise<Packed[]> => {
  const files: Packed[] = [];
  for (let i = 0; i < each; i++)
    for (const across of [true, false])
      files.push({ path: `stripes/${across ? "across" : "down"}/${i}.png`, content: await picture(across, i) });
  return files;
};

interface UploadOptions {
  side: number;
  onBroken?: "skip" | "refuse";
  pack?: (files: readonly Packed[]) => Uint8Array;
}

/** A data set of squares of pixels, as an upload leaves it in the store. */
export const uploadPictures = async (
  artifacts: ArtifactStore,
  files: readonly Packed[],
  { side, onBroken = "skip", pack = buildZip }: UploadOptions,
): Promise<Dataset> => {
  const id = createId("ds", Date.now());
  const size = { height: side, width: side, channels: 3, shorterSide: side };
  const { written, profile, images, notes } = await storeImages(artifacts, {
    keys: {
      upload: artifactKeys.datasetUpload("default", id),
      aside: artifactKeys.datasetAside("default", id),
      file: artifactKeys.datasetFile("default", id, "images"),
      index: artifactKeys.datasetIndex("default", id),
    },
    ...{ body: Readable.from([pack(files)]), room: unlimitedRoom() },
    ...{ sizeOf: () => size, onBroken, types: {}, dialect: {} },
  });
  const stored = { ...written, ...profile };
  return { id, name: "stripes", format: "images", images, ...notes, ...stored, createdAt: "2026-11-24T00:00:00Z" };
};
