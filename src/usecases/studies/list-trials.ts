import type { Page } from "../../domain/page.ts";
import { shownTrial, type Trial } from "../../domain/studies/study.ts";
import type { Caller } from "../admission/caller.ts";
import { type PageParameters, paged } from "../admission/paging.ts";
import { withinPage } from "../admission/read-page.ts";
import { parseStudyId } from "../admission/resource-id.ts";
import type { Deps } from "../deps.ts";

/** In the order of their numbers. */
export const listTrials = async (
  deps: Deps,
  caller: Caller,
  { id, ...page }: { id: string } & PageParameters,
): Promise<Page<Trial>> => {
  const study = parseStudyId(id);
  const known = (await deps.studies.get(caller.tenant, study)).study;
  return paged(`trials ${study}`, page, async ({ pageSize, pageToken }) => {
    const from = Number(pageToken ?? 0);
    const items = withinPage(await deps.studies.trials(caller.tenant, study, { from, to: from + pageSize })).map(
      (trial) => shownTrial(known, trial),
    );
    const next = from + items.length;
    return { items, nextPageToken: items.length > 0 && next < known.counts.trials ? String(next) : null };
  });
};
