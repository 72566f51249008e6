import type { ArchiveFile } from "../../formats/archives/archive-file.ts";
import { badArchive, quotedPath } from "../../formats/archives/archive-file.ts";
import type { DecodeImage, ImageSize } from "../../formats/images/decode-image.ts";
import type { Broken } from "./picture-rows.ts";

/** A picture, and what its path says of it. */
export interface Picture<Place> {
  readonly place: Place;
  readonly pixels: Uint8Array;
}

/** As many files are decoded at once; the pixels come in the archive's order. */
const atOnce = 2;

/**
 * The pictures of an archive with their places, in the archive's order. Few are held at a time. What is no image that can be read, or has
 * no place, is added to `broken`.
 * @param needed what an archive must have, for the error if it has no picture
 */
export async function* readPictures<Place>(
  files: AsyncIterable<ArchiveFile>,
  decode: DecodeImage,
  {
    size,
    broken,
    placeOf,
    needed,
  }: {
    size: ImageSize;
    broken: Broken;
    placeOf: (path: string) => { readonly place: Place } | { readonly problem: string };
    needed: string;
  },
): AsyncGenerator<Picture<Place>, void, void> {
  const read = async (file: ArchiveFile): Promise<Picture<Place> | { problem: string }> => {
    const placed = placeOf(file.path);
    if ("problem" in placed) return placed;
    if ("problem" in file) return file;
    const decoded = await decode(file.bytes, size);
    return "problem" in decoded ? decoded : { place: placed.place, pixels: decoded.pixels };
  };
  const underway: { path: string; picture: ReturnType<typeof read> }[] = [];
  let count = 0;
  const next = async (): Promise<Picture<Place> | null> => {
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
  const why = first === undefined ? "" : ` (${quotedPath(first.path)}: ${first.reason})`;
  throw badArchive(`it holds no image that can be read${why}; it must have ${needed}`);
}
