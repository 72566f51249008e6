/** How many values lie from one number to another. */
export interface Bin {
  from: number;
  to: number;
  count: number;
}
