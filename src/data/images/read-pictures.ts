import type { ImageSource } from "../../domain/datasets/dataset.ts";
import { ServiceError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import { type ArchiveFile, badArchive } from "../../formats/archives/archive-file.ts";
import type { DecodeImage, ImageSize } from "../../formats/images/decode-image.ts";

/** What becomes of the upload when a file of it is no image that can be read. */
export type OnBroken = "skip" | "refuse";

/** A picture with the folder that it lies in. */
export interface LabelledPicture {
  readonly label: string;
  readonly pixels: Uint8Array;
}

const quoted = (path: string): string => JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}…` : path);

/** The name of the folder that holds the file; null at the top of the archive. */
const labelOf = (path: string): string | null => path.split("/").at(-2) ?? null;

const createBroken = (onBroken: OnBroken) => {
  const listed: ImageSource["listed"] = [];
  let broken = 0;
  const add = (path: string, reason: string): void => {
    if (onBroken === "refuse") {
      const detail = `${quoted(path)}: ${reason}; correct the file, or leave such files out with ?onBroken=skip`;
      throw new ServiceError("unprocessable", detail);
    }
    broken += 1;
    if (listed.length < limits.brokenImages) listed.push({ path: path.slice(0, 300), reason });
  };
  return { add, result: () => ({ broken, listed }) };
};

/** As many files are decoded at once; the pixels come in the archive's order. */
const atOnce = 2;

/**
 * The pictures of an archive with their labels, the names of their folders, in the archive's order. Few are held at a time. What is no image
 * that can be read, or lies in no folder, is told by `broken()` when all have come, or with `refuse` is `unprocessable` with its path.
 */
export const readPictures = (
  files: AsyncIterable<ArchiveFile>,
  decode: DecodeImage,
  { size, onBroken }: { size: ImageSize; onBroken: OnBroken },
) => {
  const broken = createBroken(onBroken);
  const read = async (file: ArchiveFile): Promise<LabelledPicture | { problem: string }> => {
    if ("problem" in file) return file;
    const label = labelOf(file.path);
    if (label === null) return { problem: "it lies in no folder, whose name would be its label" };
    if (label.length > limits.nameLength)
      return { problem: `its folder's name has more than ${limits.nameLength} characters` };
    const decoded = await decode(file.bytes, size);
    return "problem" in decoded ? decoded : { label, pixels: decoded.pixels };
  };
  async function* pictures(): AsyncGenerator<LabelledPicture, void, void> {
    const underway: { path: string; picture: ReturnType<typeof read> }[] = [];
    let count = 0;
    const next = async (): Promise<LabelledPicture | null> => {
      const { path, picture } = underway.shift()!;
      const result = await picture;
      if (!("problem" in result)) {
        count += 1;
        return result;
      }
      broken.add(path, result.problem);
      return null;
    };
    try {
      for await (const file of files) {
        underway.push({ path: file.path, picture: read(file) });
        const picture = underway.length < atOnce ? null : await next();
        if (picture !== null) yield picture;
      }
      while (underway.length > 0) {
        const picture = await next();
        if (picture !== null) yield picture;
      }
    } finally {
      // Whoever reads no further leaves decoding to itself.
      await Promise.allSettled(underway.map(({ picture }) => picture));
    }
    if (count > 0) return;
    const [first] = broken.result().listed;
    const why = first === undefined ? "" : ` (${quoted(first.path)}: ${first.reason})`;
    throw badArchive(`it holds no image that can be read${why}; it must have a folder of images for each label`);
  }
  return { pictures: pictures(), broken: broken.result };
};
