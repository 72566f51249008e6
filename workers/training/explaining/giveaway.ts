import type { PreparedArrays } from "../../../src/data/preprocessing/prepare.ts";
import type { Preprocessing } from "../../../src/domain/models/model.ts";
import type { ReportNote } from "../../../src/domain/models/report.ts";
import { spreadRows } from "../../../src/engine/train/fitting/collect-answers.ts";
import { giveawayNotes } from "../../../src/stats/giveaway.ts";
import { doublesOf } from "../../../src/stats/order-of.ts";
import type { PickRows } from "./picked-rows.ts";

/** Training rows that are looked at, and numbers of them, at most. */
const [mostRows, mostNumbers] = [5000, 2_000_000];

/** Names columns that give the label away, by training rows at equal distances; a table of pictures has none. */
export const noteGiveaways = (
  { preprocessing, arrays, pick }: { preprocessing: Preprocessing; arrays: PreparedArrays; pick: PickRows },
  notes: ReportNote[],
): void => {
  const { labels } = arrays.train;
  if (labels === null || preprocessing.features.some(({ type }) => type === "image")) return;
  const places = spreadRows(labels.length, 1, Math.min(mostRows, Math.floor(mostNumbers / preprocessing.inputs)));
  const own = doublesOf(places, (place) => labels[place]!);
  notes.push(...giveawayNotes({ preprocessing, labels: own, ...pick("train", places) }));
};
