import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Indented blocks, each as it stands. */
export const blocksOf = (document: string): string[] =>
  [...readFileSync(join(import.meta.dirname, "../..", document), "utf8").matchAll(/^(?: {4}.*\n+)+/gm)].map(([block]) =>
    block.replace(/^ {4}/gm, ""),
  );
