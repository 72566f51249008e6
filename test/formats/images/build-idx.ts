/** An IDX file of unsigned bytes. */
const idx = (shape: readonly number[], numbers: Uint8Array): Buffer => {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, 8, shape.length]);
  for (const [i, size] of shape.entries()) header.writeUInt32BE(size, 4 + 4 * i);
  return Buffer.concat([header, numbers]);
};

/** Images whose pixels are all first, first + 1, … */
export const idxImages = (count: number, height: number, width: number, first = 0): Buffer =>
  idx(
    [count, height, width],
    Uint8Array.from({ length: count * height * width }, (_, i) => first + Math.floor(i / (height * width))),
  );

export const idxLabels = (count: number, first = 0): Buffer =>
  idx(
    [count],
    Uint8Array.from({ length: count }, (_, i) => first + i),
  );
