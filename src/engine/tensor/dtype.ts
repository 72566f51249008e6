/** Element types. `float` is f32 in the service and f64 where a plan is laid out for the reference kernels; the others are what they say. */
export type DType = "float" | "i32" | "u32" | "f64";

/** Bytes of a `float`: 4 on the WebAssembly kernels, 8 for gradient checks in double precision. */
export type FloatBytes = 4 | 8;

export const bytesOf = (dtype: DType, floatBytes: FloatBytes): number =>
  dtype === "float" ? floatBytes : dtype === "f64" ? 8 : 4;
