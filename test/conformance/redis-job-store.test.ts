import { catalogueSuite } from "./catalogue.ts";
import { jobEventLogSuite } from "./job-event-log.ts";
import { jobRunsSuite } from "./job-runs.ts";
import { jobSubmissionsSuite } from "./job-store.ts";
import { openOwnRedisStores } from "./redis-stores.ts";

jobSubmissionsSuite("Redis", openOwnRedisStores);
jobRunsSuite("Redis", openOwnRedisStores);
jobEventLogSuite("Redis", openOwnRedisStores);
catalogueSuite("Redis", openOwnRedisStores);
