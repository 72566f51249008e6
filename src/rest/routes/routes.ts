import { datasetRoutes } from "./dataset-routes.ts";
import { jobRoutes } from "./job-routes.ts";
import { modelRoutes } from "./model-routes.ts";
import type { RestRoute } from "./route.ts";
import { studyRoutes } from "./study-routes.ts";

/** Every operation of this surface; a test holds it against the table of operations. */
export const restRoutes: readonly RestRoute[] = [...datasetRoutes, ...jobRoutes, ...modelRoutes, ...studyRoutes];
