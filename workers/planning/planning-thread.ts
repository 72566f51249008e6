import { parentPort } from "node:worker_threads";
import { assert } from "../../src/domain/errors.ts";
import type { Plan } from "../../src/domain/jobs/job.ts";
import { answerQuestions } from "../requests/answer-requests.ts";
import { planPrediction } from "./plan-prediction.ts";
import { planSpec } from "./plan-spec.ts";
import type { PlanningQuestion } from "./planner.ts";

assert(parentPort !== null, "planning-thread runs as a worker thread");

answerQuestions<PlanningQuestion, Plan | number>(parentPort, (question) =>
  "predict" in question
    ? planPrediction(question.predict, question.network)
    : planSpec(question.spec, question.shape, question.network),
);
