import { transitions } from "../../../domain/jobs/job-state.ts";
import type { JobStore } from "../../job-store.ts";
import { jobKeys, redisKeys } from "../redis-keys.ts";
import { namesOf } from "../redis-models.ts";
import type { JobScripts } from "./job-scripts.ts";

const mayCome = JSON.stringify(transitions.succeed.from);

/** The last commits of trainers, each with what the job leaves behind. */
export const createEnds = ({
  scripts,
  moved,
  read,
}: Pick<JobScripts, "scripts" | "moved" | "read">): Pick<JobStore, "succeed" | "succeedPrediction"> => ({
  succeed: async ({ tenant, job, attempt }, model, metrics, at) => {
    const keys = [
      ...jobKeys(tenant, job),
      `${redisKeys.modelPrefix(tenant)}:${model.id}`,
      redisKeys.modelIndex(tenant),
      ...namesOf(tenant, model),
    ];
    const [text, measured] = [JSON.stringify(model), JSON.stringify(metrics)];
    return (
      (await scripts.succeedJob(keys, attempt, mayCome, at, "the model is stored", model.id, text, measured)) === 1
    );
  },
  succeedPrediction: async ({ tenant, job, attempt }, prediction, metrics, at) => {
    const done = { metrics: JSON.stringify(metrics), progress: "1", checkpoints: "[]" };
    const fields = { ...done, prediction: JSON.stringify(prediction) };
    const reason = "the predictions are stored";
    if ((await moved({ tenant, id: job, attempt, by: ["succeed"], at, reason, fields })) !== null) return true;
    // The answer to a first call may have been lost.
    const { job: now } = await read(tenant, job);
    return now.state === "succeeded" && now.attempt === attempt;
  },
});
