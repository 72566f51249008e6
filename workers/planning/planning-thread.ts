import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../../src/domain/errors.ts";
import type { Plan } from "../../src/domain/jobs/job.ts";
import { compileKernels } from "../../src/engine/kernels/load.ts";
import { answerQuestions, tellAlive } from "../requests/answer-requests.ts";
import type { CallCosts } from "./call-costs.ts";
import { measureCosts } from "./measure-costs.ts";
import { planPrediction } from "./plan-prediction.ts";
import { planSpec } from "./plan-spec.ts";
import type { PlannerSetup, PlanningQuestion } from "./planner.ts";

assert(parentPort !== null, "planning-thread runs as a worker thread");
const port = parentPort;
const { native }: PlannerSetup = workerData;

/** After the thread's start: the rest of the service has started too, and leaves it a processor. */
const settledMs = 2000;

let costs: Promise<CallCosts> | null = null;
/** Timed once: when the service has started, or when a plan is asked for before. On a busy machine it takes longer than a plan may. */
const machineCosts = (): Promise<CallCosts> => {
  const onPart = (): void => tellAlive(port);
  costs ??= compileKernels().then((module) => measureCosts({ module, native }, () => performance.now(), onPart));
  return costs;
};
setTimeout(machineCosts, settledMs).unref();

answerQuestions<PlanningQuestion, Plan | number>(port, async (question) =>
  "predict" in question
    ? planPrediction(question.predict, question.network)
    : planSpec(question.spec, question.shape, question.network, await machineCosts()),
);
