import { z } from "zod";
import type { ServiceError } from "../errors.ts";
import type { JobId } from "../ids.ts";
import { limits } from "../limits.ts";

/** Jobs to be submitted together; each is parsed by itself. */
export const JobBatch = z.strictObject({ jobs: z.array(z.unknown()).min(1).max(limits.jobsPerBatch) });

/** What became of one of them: recorded (not `created`: under the same idempotency key before), or why not. */
export type JobOutcome = { id: JobId; created: boolean } | ServiceError;
