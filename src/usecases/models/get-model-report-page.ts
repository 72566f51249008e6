import { orNull, ServiceError } from "../../domain/errors.ts";
import { isImported } from "../../domain/models/model.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { getModel } from "./get-model.ts";
import { getModelReport } from "./get-model-report.ts";
import { reportPage } from "./page/report-page.ts";

/** The report as a page of HTML that needs nothing else, plots inside. Same errors as `getModelReport`. */
export const getModelReportPage = async (deps: Deps, caller: Caller, { id }: { id: string }): Promise<string> => {
  const model = await getModel(deps, caller, { id });
  if (isImported(model))
    throw new ServiceError("not_found", `${model.id} was imported: nothing was measured here, so there is no report`);
  const report = await getModelReport(deps, caller, { id: model.id });
  const { dataset } = model;
  return reportPage({
    ...{ model, report },
    dataset: dataset === null ? null : await orNull(deps.catalogue.dataset(caller.tenant, dataset)),
  });
};
