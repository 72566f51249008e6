import { parentPort } from "node:worker_threads";
import { assert } from "../../src/domain/errors.ts";
import type { Plan } from "../../src/domain/jobs/job.ts";
import { answerQuestions } from "../requests/answer-requests.ts";
import { planSpec } from "./plan-spec.ts";
import type { PlanQuestion } from "./planner.ts";

assert(parentPort !== null, "planning-thread runs as a worker thread");

answerQuestions<PlanQuestion, Plan>(parentPort, ({ spec, shape, network }) => planSpec(spec, shape, network));
