import { orNull, ServiceError } from "../../domain/errors.ts";
import { isImported } from "../../domain/models/model.ts";
import type { Report } from "../../domain/models/report.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { getModel } from "./get-model.ts";
import { getModelReport } from "./get-model-report.ts";
import { reportPage } from "./page/report-page.ts";

/** The report as a page of HTML that needs nothing else, plots inside. Same errors as `getModelReport`. `readReport`: where the report is known already. */
export const getModelReportPage = async (
  deps: Deps,
  caller: Caller,
  { id }: { id: string },
  readReport: (id: string) => Promise<Report> = (own) => getModelReport(deps, caller, { id: own }),
): Promise<string> => {
  const model = await getModel(deps, caller, { id });
  if (isImported(model))
    throw new ServiceError("not_found", `${model.id} was imported: nothing was measured here, so there is no report`);
  const report = await readReport(model.id);
  const { dataset } = model;
  return reportPage({
    ...{ model, report },
    dataset: dataset === null ? null : await orNull(deps.catalogue.dataset(caller.tenant, dataset)),
  });
};
