/** Tensors begin at multiples of this: a cache line, so that two threads never write one line of two tensors. */
export const alignmentBytes = 64;

export const alignUp = (bytes: number, alignment: number = alignmentBytes): number =>
  Math.ceil(bytes / alignment) * alignment;

/** WebAssembly's memory comes in pages. */
export const pageBytes = 65536;

/** The first bytes of a job that is solved or clustered are left alone: no tensor lies at 0. */
export const reservedBytes = 1024;

/** Hands out consecutive places of one memory. */
export interface Layout {
  /** The offset of `bytes` fresh bytes, aligned. */
  place(bytes: number, alignment?: number): number;
  /** The first byte that is not handed out. */
  end(): number;
}

export const createLayout = (startBytes: number): Layout => {
  let end = startBytes;
  return {
    place: (bytes, alignment = alignmentBytes) => {
      const offset = alignUp(end, alignment);
      end = offset + bytes;
      return offset;
    },
    end: () => end,
  };
};
