/** Networks take 32 bits; what is solved exactly takes all that the file has. */
export type Floats = Float32Array | Float64Array;
