/** Bytes of one tensor element: 4 (f32) or 8 (f64). */
export type ElementBytes = 4 | 8;

/** Typed access to one memory by byte offset; integers and f64 partials have the same size whatever the element. */
export interface ReferenceMemory {
  /** Tensor element i of the tensor at `pointer`. */
  get(pointer: number, i: number): number;
  /** Stores with one rounding to the element type. */
  set(pointer: number, i: number, value: number): void;
  getInteger(pointer: number, i: number): number;
  setInteger(pointer: number, i: number, value: number): void;
  getDouble(pointer: number, i: number): number;
  setDouble(pointer: number, i: number, value: number): void;
}

export const createReferenceMemory = (buffer: ArrayBufferLike, elementBytes: ElementBytes): ReferenceMemory => {
  const tensors =
    elementBytes === 4 ? new Float32Array(buffer) : new Float64Array(buffer, 0, Math.floor(buffer.byteLength / 8));
  const integers = new Int32Array(buffer);
  const doubles = new Float64Array(buffer, 0, Math.floor(buffer.byteLength / 8));
  return {
    get: (pointer, i) => tensors[pointer / elementBytes + i] as number,
    set: (pointer, i, value) => {
      tensors[pointer / elementBytes + i] = value;
    },
    getInteger: (pointer, i) => integers[pointer / 4 + i] as number,
    setInteger: (pointer, i, value) => {
      integers[pointer / 4 + i] = value;
    },
    getDouble: (pointer, i) => doubles[pointer / 8 + i] as number,
    setDouble: (pointer, i, value) => {
      doubles[pointer / 8 + i] = value;
    },
  };
};
