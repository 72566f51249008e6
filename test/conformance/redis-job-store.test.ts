import { catalogueSuite } from "./catalogue.ts";
import { jobRunsSuite } from "./job-runs.ts";
import { jobSubmissionsSuite } from "./job-store.ts";
import { jobStorySuite } from "./job-story.ts";
import { openOwnRedisStores } from "./redis-stores.ts";

jobSubmissionsSuite("Redis", openOwnRedisStores);
jobRunsSuite("Redis", openOwnRedisStores);
jobStorySuite("Redis", openOwnRedisStores);
catalogueSuite("Redis", openOwnRedisStores);
