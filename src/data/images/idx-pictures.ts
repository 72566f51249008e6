import type { ImageShape } from "../../domain/datasets/dataset.ts";
import { assert } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import { badArchive, quotedPath } from "../../formats/archives/archive-file.ts";
import { type ImageSize, resizePixels } from "../../formats/images/decode-image.ts";
import { type IdxImages, readIdxImages, readIdxLabels } from "../../formats/images/idx.ts";
import { cellOf, createBroken, type OnBroken, type PictureRow, type PictureSource } from "./picture-rows.ts";

/** `train-images-idx3-ubyte.gz`, as the files of the MNIST family are called, also with points: `t10k-labels.idx1-ubyte`. */
const idxName = /^(?:(.+)[-._])?(images|labels)[-.]idx([13])[-.]ubyte(?:\.gz)?$/i;

const partsOf = (path: string) => {
  const found = idxName.exec(path.split("/").at(-1) ?? "");
  return found === null ? null : { set: found[1] ?? "", kind: found[2]!.toLowerCase() as "images" | "labels" };
};

const isIdx = (path: string): boolean => partsOf(path) !== null;
export const isIdxLabels = (path: string): boolean => partsOf(path)?.kind === "labels";

/** Two files that belong together: `train` or `t10k`. */
export interface IdxSet {
  readonly name: string;
  readonly images: string;
  readonly labels: string;
}

const nameOf = (set: string): string => (set === "" ? "the set without a name" : `the set ${quotedPath(set)}`);

/** The sets of an archive: `train` first, the others by name. `malformed` where one of the two files is missing or there twice. */
export const idxSets = (paths: Iterable<string>): IdxSet[] => {
  const sets = new Map<string, { images?: string; labels?: string }>();
  for (const path of paths) {
    const parts = partsOf(path);
    if (parts === null) continue;
    const set = sets.get(parts.set) ?? {};
    const other = set[parts.kind];
    if (other !== undefined)
      throw badArchive(
        `${nameOf(parts.set)} has two files of ${parts.kind}, ${quotedPath(other)} and ${quotedPath(path)}`,
      );
    sets.set(parts.set, { ...set, [parts.kind]: path });
  }
  const byName = (a: string, b: string): number => (a === "train" ? -1 : b === "train" ? 1 : a < b ? -1 : 1);
  return [...sets.keys()].sort(byName).map((name) => {
    const { images, labels } = sets.get(name)!;
    if (images === undefined || labels === undefined)
      throw badArchive(
        `${nameOf(name)} has ${quotedPath((images ?? labels)!)} and no file of ${images === undefined ? "images-idx3" : "labels-idx1"}-ubyte beside it`,
      );
    return { name, images, labels };
  });
};

interface IdxOptions {
  sets: readonly IdxSet[];
  /** The bytes of labels' files, as they lie in the archive. */
  labels: ReadonlyMap<string, Uint8Array>;
  /** The bytes of a file, read when it is its turn. */
  open: (path: string) => Promise<Uint8Array>;
  /** All files of the archive. */
  paths: Iterable<string>;
  /** As stated; null: the pictures stay as they are. */
  sizeOf: (own: ImageShape) => ImageSize | null;
  onBroken: OnBroken;
}

const requireLike = (first: IdxImages, images: IdxImages, path: string): void => {
  if (first.height === images.height && first.width === images.width) return;
  throw badArchive(
    `${quotedPath(path)} has images of ${images.height} × ${images.width}, and those before it of ${first.height} × ${first.width}`,
  );
};

/** The size of the first set's images, by the head of its file. */
const firstShape = async ({ sets, open }: IdxOptions): Promise<ImageShape> => {
  const path = sets[0]!.images;
  let shape: ImageShape | null = null;
  const begin = ({ height, width }: IdxImages): void => {
    shape = { height, width, channels: 1 };
  };
  for await (const _ of readIdxImages(path, await open(path), { mostSide: limits.imageSide, begin })) break;
  assert(shape !== null, "the head of a file comes before its images");
  return shape;
};

/**
 * The sets of an archive of IDX files, one after another; with several, the column `split` has their names. Their images stay as they are, grey, unless a size is
 * stated. `malformed`: a file is none, or there are as many labels as images do not have.
 */
export const idxPictures = async (options: IdxOptions): Promise<PictureSource> => {
  const { sets, labels, open, paths, sizeOf, onBroken } = options;
  const own = await firstShape(options);
  const size = sizeOf(own);
  const broken = createBroken(onBroken);
  for (const path of paths) if (!isIdx(path)) broken.add(path, "it is none of the IDX files");
  const several = sets.length > 1;
  async function* rowsOf(set: IdxSet): AsyncGenerator<PictureRow, void, void> {
    const values = await readIdxLabels(set.labels, labels.get(set.labels)!, limits.idxRows);
    const begin = (images: IdxImages): void => {
      requireLike({ ...own, count: 0 }, images, set.images);
      if (images.count !== values.length)
        throw badArchive(
          `${quotedPath(set.images)} states ${images.count} images, and ${quotedPath(set.labels)} ${values.length} labels`,
        );
    };
    const name = cellOf(set.name);
    let at = 0;
    for await (const image of readIdxImages(set.images, await open(set.images), {
      mostSide: limits.imageSide,
      begin,
    })) {
      const label = cellOf(String(values[at++]));
      const resized = size === null ? { pixels: image } : await resizePixels(image, own, size);
      if ("problem" in resized) throw badArchive(`${quotedPath(set.images)}: ${resized.problem}`);
      yield { cells: several ? [label, name] : [label], pixels: resized.pixels, line: 0 };
    }
  }
  async function* rows(): AsyncGenerator<PictureRow, void, void> {
    let count = 0;
    for (const set of sets)
      for await (const row of rowsOf(set)) {
        count += 1;
        yield row;
      }
    if (count === 0) throw badArchive("its IDX files have no image");
  }
  const { height, width, channels } = size ?? own;
  return {
    columns: [{ name: "label", type: "category" }, ...(several ? [{ name: "split", type: "category" as const }] : [])],
    image: { height, width, channels },
    rows: rows(),
    source: () => ({ shorterSide: size?.shorterSide ?? Math.min(height, width), ...broken.result() }),
  };
};
