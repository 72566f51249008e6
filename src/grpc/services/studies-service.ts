import { getStudyEventFiles } from "../../usecases/event-files/get-study-event-files.ts";
import { cancelStudy } from "../../usecases/studies/cancel-study.ts";
import { deleteStudy } from "../../usecases/studies/delete-study.ts";
import { exportTrials } from "../../usecases/studies/export-trials.ts";
import { getImportances } from "../../usecases/studies/get-importances.ts";
import { getLeaderboard } from "../../usecases/studies/get-leaderboard.ts";
import { getStudy } from "../../usecases/studies/get-study.ts";
import { listStudies } from "../../usecases/studies/list-studies.ts";
import { listStudyEvents } from "../../usecases/studies/list-study-events.ts";
import { listTrials } from "../../usecases/studies/list-trials.ts";
import { pauseStudy } from "../../usecases/studies/pause-study.ts";
import { validateStudy } from "../../usecases/studies/planning/validate-study.ts";
import { resumeStudy } from "../../usecases/studies/resume-study.ts";
import { submitStudy } from "../../usecases/studies/submit-study.ts";
import { suggestTrial } from "../../usecases/studies/suggest-trial.ts";
import { watchStudy } from "../../usecases/studies/watch-study.ts";
import { serverStream, unary, type Wiring } from "../call.ts";
import { toChunks } from "../downloading.ts";
import type * as wire from "../generated/descent/v1/studies.ts";
import { toEvent, toEvents } from "../job-messages.ts";
import { toLeaderboard, toStudy, toTrial } from "../study-messages.ts";
import { fromStudySpec, toStudySpec } from "../study-spec.ts";

export const createStudiesService = (wiring: Wiring): wire.StudiesServiceServer => {
  const { deps } = wiring;
  return {
    submitStudy: unary(wiring, "submitStudy", async (caller, { spec, idempotencyKey }) =>
      toStudy((await submitStudy(deps, caller, { spec: fromStudySpec(spec), idempotencyKey })).study),
    ),
    validateStudy: unary(wiring, "validateStudy", async (caller, { spec }) => {
      const plan = await validateStudy(deps, caller, { spec: fromStudySpec(spec) });
      return { ...plan, spec: toStudySpec(plan.spec) };
    }),
    getStudy: unary(wiring, "getStudy", async (caller, request) => toStudy(await getStudy(deps, caller, request))),
    listStudies: unary(wiring, "listStudies", async (caller, request) => {
      const { items, nextPageToken } = await listStudies(deps, caller, request);
      return { items: items.map(toStudy), nextPageToken: nextPageToken ?? undefined };
    }),
    listTrials: unary(wiring, "listTrials", async (caller, request) => {
      const { items, nextPageToken } = await listTrials(deps, caller, request);
      return { items: items.map(toTrial), nextPageToken: nextPageToken ?? undefined };
    }),
    exportTrials: unary(wiring, "exportTrials", async (caller, request) => ({
      csv: await exportTrials(deps, caller, request),
    })),
    suggestTrial: unary(wiring, "suggestTrial", async (caller, { id, values }) =>
      toStudy(await suggestTrial(deps, caller, { id, values })),
    ),
    getLeaderboard: unary(wiring, "getLeaderboard", async (caller, request) =>
      toLeaderboard(await getLeaderboard(deps, caller, request)),
    ),
    getImportances: unary(wiring, "getImportances", async (caller, request) => {
      const { trials, items } = await getImportances(deps, caller, request);
      return {
        trials,
        items: items.map((item) => ({
          ...item,
          ...{ importance: item.importance ?? undefined, reason: item.reason ?? undefined },
        })),
      };
    }),
    watchStudy: serverStream(wiring, "watchStudy", async (caller, { id, after }, signal) =>
      toEvents(await watchStudy(deps, caller, { id, afterEventId: after, signal })),
    ),
    listStudyEvents: unary(wiring, "listStudyEvents", async (caller, request) => {
      const { items, nextAfter } = await listStudyEvents(deps, caller, request);
      return { items: items.map(toEvent), nextAfter: nextAfter ?? undefined };
    }),
    cancelStudy: unary(wiring, "cancelStudy", async (caller, request) =>
      toStudy(await cancelStudy(deps, caller, request)),
    ),
    pauseStudy: unary(wiring, "pauseStudy", async (caller, request) =>
      toStudy(await pauseStudy(deps, caller, request)),
    ),
    resumeStudy: unary(wiring, "resumeStudy", async (caller, request) =>
      toStudy(await resumeStudy(deps, caller, request)),
    ),
    getStudyEventFiles: serverStream(wiring, "getStudyEventFiles", async (caller, { id }) =>
      toChunks((await getStudyEventFiles(deps, caller, { id })).body),
    ),
    deleteStudy: unary(wiring, "deleteStudy", async (caller, request) => {
      await deleteStudy(deps, caller, request);
      return {};
    }),
  };
};
