import { tenantRoutes } from "./access/tenant-routes.ts";
import { tokenRoutes } from "./access/token-routes.ts";
import { datasetRoutes } from "./dataset-routes.ts";
import { eventFileRoutes } from "./exports/event-file-routes.ts";
import { jobRoutes } from "./job-routes.ts";
import { aliasRoutes } from "./models/alias-routes.ts";
import { lineageRoutes } from "./models/lineage-routes.ts";
import { modelExportRoutes } from "./models/model-export-routes.ts";
import { modelRoutes } from "./models/model-routes.ts";
import { predictionRoutes } from "./prediction-routes.ts";
import type { RestRoute } from "./route.ts";
import { studyRoutes } from "./studies/study-routes.ts";

/** Every operation of this surface; a test holds it against the table of operations. */
export const restRoutes: readonly RestRoute[] = [
  ...datasetRoutes,
  ...jobRoutes,
  ...modelRoutes,
  ...modelExportRoutes,
  ...aliasRoutes,
  ...lineageRoutes,
  ...predictionRoutes,
  ...studyRoutes,
  ...eventFileRoutes,
  ...tokenRoutes,
  ...tenantRoutes,
];
