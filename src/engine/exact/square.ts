/** x², the same everywhere: the library's powers are not. */
export const square = (x: number): number => x * x;
