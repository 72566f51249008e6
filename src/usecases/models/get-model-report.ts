import { z } from "zod";
import { ServiceError } from "../../domain/errors.ts";
import { Coefficient } from "../../domain/models/inference.ts";
import { isImported } from "../../domain/models/model.ts";
import { ClassificationReport, Report } from "../../domain/models/report.ts";
import { createTurnTaker } from "../../domain/turn-taker.ts";
import { reportOf } from "../../store/artifacts/model-files.ts";
import { corrupt, readVerified } from "../../store/artifacts/verified.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { getModel } from "./get-model.ts";
import { unlessDeleted } from "./unless-deleted.ts";

/** What the trainer measured when the model was made. `corrupt` if the stored one is not what it wrote. */
export const getModelReport = async (deps: Deps, caller: Caller, request: { id: string }): Promise<Report> => {
  const model = await getModel(deps, caller, request);
  if (isImported(model)) {
    throw new ServiceError("not_found", `${model.id} was imported: nothing was measured here, so there is no report`);
  }
  const { key, check, what } = reportOf(caller.tenant, model);
  const again = () => getModel(deps, caller, request);
  const bytes = await unlessDeleted(again, () => readVerified(deps.artifacts, key, check, what));
  try {
    return await parseReport(JSON.parse(Buffer.from(bytes).toString()));
  } catch (error) {
    throw corrupt(what, "cannot be read", error);
  }
};

const atOnce = 200;

/** In parts, between which the event loop turns: the lists of classes and coefficients have thousands of entries. */
const parseReport = async (stored: Record<string, unknown>): Promise<Report> => {
  const turn = createTurnTaker();
  const parts = async <T>(list: unknown, parse: (part: unknown[]) => T[]): Promise<T[] | null> => {
    if (!Array.isArray(list)) return null;
    const parsed: T[] = [];
    for (let from = 0; from < list.length; from += atOnce) {
      parsed.push(...parse(list.slice(from, from + atOnce)));
      await turn();
    }
    return parsed;
  };
  const coefficients = await parts(stored.coefficients, (part) => Coefficients.parse(part));
  const classes = await parts(stored.classes, (part) => Classes.parse(part));
  const rest = Report.parse({
    ...stored,
    ...(coefficients === null ? {} : { coefficients: [] }),
    ...(classes === null ? {} : { classes: [] }),
  });
  if (rest.task === "classification") return { ...rest, coefficients, classes: classes ?? [] };
  return rest.task === "regression" ? { ...rest, coefficients } : rest;
};

const Coefficients = z.array(Coefficient);
const Classes = ClassificationReport.shape.classes;
