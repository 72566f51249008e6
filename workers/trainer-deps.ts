import type { Logger } from "pino";
import type { ArtifactStore } from "../src/store/artifact-store.ts";
import type { Catalogue } from "../src/store/catalogue.ts";
import type { JobStore } from "../src/store/job-store.ts";
import type { Ledger } from "./ledger.ts";
import type { ThreadPool } from "./thread-pool.ts";

/** What a trainer's main thread works with. */
export interface TrainerDeps {
  jobs: JobStore;
  catalogue: Catalogue;
  artifacts: ArtifactStore;
  pool: ThreadPool;
  ledger: Ledger;
  log: Logger;
  now: () => Date;
  /** Names this trainer in the job's history. */
  name: string;
  artifactUrl: string;
  checkpointMs: number;
  heartbeatMs: number;
  /** The job is another's when its record saw no sign of life for so long. */
  leaseMs: number;
}
