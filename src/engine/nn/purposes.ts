/** What each stream of a job's random numbers is for: the second word of the Philox counter. Changing one changes the bits of every job. */
export const purposes = {
  /** The order of the rows; index: the epoch. */
  shuffle: 1,
  /** The training rows that judge the trials of a penalty; index 0. */
  holdOut: 2,
  /** How a training image is changed; index: the epoch times the training rows, plus the row. */
  augment: 3,
  /** Initial weights of the model's n-th tensor; index 0. */
  initial: (tensor: number): number => 0x1_0000 + tensor,
  /** The mask of the model's n-th dropout; index: the step. */
  dropout: (layer: number): number => 0x2_0000 + layer,
} as const;
