import { at } from "./vector";

/** Rows of any four-byte element: f32 and i32 alike. */
export function gatherRows(out: usize, data: usize, indices: usize, cursor: usize, columns: u32, start: u32, end: u32): void {
  const first = cursor ? load<u32>(cursor) : 0;
  for (let i = start; i < end; i++) {
    const row = load<u32>(at(indices, first + i));
    if (columns == 1) store<u32>(at(out, i), load<u32>(at(data, row)));
    else memory.copy(at(out, i * columns), at(data, row * columns), <usize>columns << 2);
  }
}
