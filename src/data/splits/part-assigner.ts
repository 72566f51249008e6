import type { ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import type { CountedDataset } from "../../domain/jobs/spec/rows/counted-rows.ts";
import { codesOfPart, groupsOfPart } from "./part-rows.ts";
import { createGroupReader, createRowSplitter, type PlaceRow } from "./place-rows.ts";

/** Tells rows, as they come in file order, what they are to a fit of a part of the training rows: the others of these are in no split, and what validates and tests stays. */
export const createPartAssigner = (spec: ResolvedJobSpec, dataset: CountedDataset, halvings: number): PlaceRow => {
  const splitOf = createRowSplitter(spec, dataset);
  const { by } = spec.training.split;
  if (by !== undefined) {
    const { kept } = groupsOfPart(spec, dataset, halvings);
    const groupOf = createGroupReader(dataset, by);
    return (record, stratum) => {
      const split = splitOf(record, stratum);
      return split === "train" && kept[groupOf(record) ?? 0] !== 1 ? "aside" : split;
    };
  }
  const codes = codesOfPart(spec, dataset, halvings);
  const next = new Array<number>(codes.length).fill(0);
  return (record, stratum) => {
    const split = splitOf(record, stratum);
    if (split !== "train") return split;
    const position = next[stratum] ?? 0;
    next[stratum] = position + 1;
    return codes[stratum]?.[position] === 1 ? split : "aside";
  };
};
