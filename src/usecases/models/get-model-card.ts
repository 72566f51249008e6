import { orNull } from "../../domain/errors.ts";
import { type AnyModel, isImported } from "../../domain/models/model.ts";
import type { Report } from "../../domain/models/report.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { type CardContent, modelCard } from "./card/card.ts";
import { getModel } from "./get-model.ts";
import { getModelReport } from "./get-model-report.ts";

/** A chain of fine-tunings may be long; a card tells of the nearest. */
const mostBases = 20;

const basesOf = async (deps: Deps, caller: Caller, model: AnyModel): Promise<CardContent["bases"]> => {
  const bases: CardContent["bases"][number][] = [];
  let next = model.base;
  while (next !== null && bases.length < mostBases) {
    const base: AnyModel | null = await orNull(deps.catalogue.model(caller.tenant, next));
    bases.push(base ?? { id: next, deleted: true });
    next = base?.base ?? null;
  }
  return bases;
};

/** The model's card in Markdown. `corrupt` if its report is not what was written. */
export const getModelCard = async (
  deps: Deps,
  caller: Caller,
  { id }: { id: string },
  readReport: (id: string) => Promise<Report> = (own) => getModelReport(deps, caller, { id: own }),
): Promise<string> => {
  const model = await getModel(deps, caller, { id });
  const { dataset } = model;
  return modelCard({
    model,
    bases: await basesOf(deps, caller, model),
    dataset: dataset === null ? null : await orNull(deps.catalogue.dataset(caller.tenant, dataset)),
    report: isImported(model) ? null : await readReport(model.id),
  });
};
