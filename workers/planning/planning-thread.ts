import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../../src/domain/errors.ts";
import type { Plan } from "../../src/domain/jobs/job.ts";
import { answerQuestions } from "../requests/answer-requests.ts";
import { planSpec } from "./plan-spec.ts";
import type { PlannerSetup, PlanQuestion } from "./planner.ts";

assert(parentPort !== null, "planning-thread runs as a worker thread");
const { blas }: PlannerSetup = workerData;

answerQuestions<PlanQuestion, Plan>(parentPort, ({ spec, shape }) => planSpec(blas, spec, shape));
