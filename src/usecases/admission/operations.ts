/** What a key may do: look and predict, start and steer work, delete; and, beyond its tenant, look after all tenants. */
export type Scope = "read" | "submit" | "admin" | "operator";

/** How an operation travels: one answer, a streamed request, or a streamed answer. */
export type OperationKind = "unary" | "upload" | "stream";

interface Operation {
  kind: OperationKind;
  scope: Scope;
  summary: string;
}

/** Every operation of the service. REST and gRPC both offer exactly these: a test compares each with this table. */
export const operations = {
  uploadDataset: { kind: "upload", scope: "submit", summary: "Upload a data set" },
  listDatasets: { kind: "unary", scope: "read", summary: "List data sets, newest first" },
  getDataset: { kind: "unary", scope: "read", summary: "A data set: its columns, types and statistics" },
  listDatasetRows: { kind: "unary", scope: "read", summary: "Rows of a data set" },
  getDatasetImage: { kind: "unary", scope: "read", summary: "The image of a row, as PNG" },
  getDatasetFile: { kind: "stream", scope: "read", summary: "A data set's file, as it is kept" },
  updateDataset: { kind: "unary", scope: "submit", summary: "Change a data set's name, labels or column types" },
  deleteDataset: { kind: "unary", scope: "admin", summary: "Delete a data set that nothing refers to" },
  submitJob: { kind: "unary", scope: "submit", summary: "Submit a training job" },
  submitJobs: { kind: "unary", scope: "submit", summary: "Submit many training jobs in one request" },
  planJob: { kind: "unary", scope: "submit", summary: "Check a job and see its plan without submitting it" },
  validateJob: { kind: "unary", scope: "submit", summary: "Another name for planJob" },
  getJob: { kind: "unary", scope: "read", summary: "A job; optionally wait until its state changes" },
  listJobs: { kind: "unary", scope: "read", summary: "List jobs, newest first" },
  watchJob: { kind: "stream", scope: "read", summary: "Follow a job's events until it is done" },
  listJobEvents: { kind: "unary", scope: "read", summary: "A page of a job's events" },
  listJobMetrics: { kind: "unary", scope: "read", summary: "A job's metrics history" },
  getJobRows: { kind: "stream", scope: "read", summary: "Which rows a job trains, validates and tests on, as CSV" },
  getOverview: { kind: "unary", scope: "read", summary: "What runs, what waits, and what room trainers have" },
  cancelJob: { kind: "unary", scope: "submit", summary: "Cancel a job" },
  pauseJob: { kind: "unary", scope: "submit", summary: "Pause a job at a checkpoint" },
  resumeJob: { kind: "unary", scope: "submit", summary: "Resume a paused job" },
  deleteJob: {
    kind: "unary",
    scope: "admin",
    summary: "Delete a finished job's record and checkpoints; its model stays",
  },
  submitStudy: { kind: "unary", scope: "submit", summary: "Search for hyper-parameters" },
  validateStudy: {
    kind: "unary",
    scope: "submit",
    summary: "Check a study and see what it would cost without submitting it",
  },
  getStudy: { kind: "unary", scope: "read", summary: "A study: its state, its best trial" },
  listStudies: { kind: "unary", scope: "read", summary: "List studies, newest first" },
  listTrials: { kind: "unary", scope: "read", summary: "A page of a study's trials" },
  exportTrials: { kind: "unary", scope: "read", summary: "All trials of a study as CSV" },
  suggestTrial: { kind: "unary", scope: "submit", summary: "Suggest values that a study tries next" },
  getLeaderboard: {
    kind: "unary",
    scope: "read",
    summary: "A study's trials, best first, and which cannot be told apart",
  },
  getImportances: { kind: "unary", scope: "read", summary: "How much each hyper-parameter matters" },
  watchStudy: { kind: "stream", scope: "read", summary: "Follow a study's events until it is done" },
  listStudyEvents: { kind: "unary", scope: "read", summary: "A page of a study's events" },
  cancelStudy: { kind: "unary", scope: "submit", summary: "Cancel a study and its trials" },
  pauseStudy: { kind: "unary", scope: "submit", summary: "Pause a study and its trials" },
  resumeStudy: { kind: "unary", scope: "submit", summary: "Resume a paused study" },
  deleteStudy: { kind: "unary", scope: "admin", summary: "Delete a finished study's record; its jobs and models stay" },
  importModel: { kind: "upload", scope: "submit", summary: "Import a network from a file" },
  updateModel: {
    kind: "unary",
    scope: "submit",
    summary: "State the labels or the preprocessing of an imported model",
  },
  listModels: { kind: "unary", scope: "read", summary: "List models, newest first" },
  getModel: { kind: "unary", scope: "read", summary: "A model: its lineage, spec, preprocessing and digest" },
  getModelReport: { kind: "unary", scope: "read", summary: "How good a model is, and how sure that is" },
  getModelLineage: { kind: "unary", scope: "read", summary: "Where a model comes from, and what came of it" },
  deleteModel: { kind: "unary", scope: "admin", summary: "Delete a model that nothing refers to" },
  getModelWeights: { kind: "stream", scope: "read", summary: "A model's weights as a safetensors file" },
  getHeldOutPredictions: {
    kind: "stream",
    scope: "read",
    summary: "What a model said of the rows that it was measured on, as CSV",
  },
  getModelOnnx: { kind: "stream", scope: "read", summary: "A model as an ONNX file" },
  getModelCard: { kind: "unary", scope: "read", summary: "A model's card: what it is, in Markdown" },
  getModelReportPage: { kind: "unary", scope: "read", summary: "A model's report as a page of HTML to hand on" },
  predict: { kind: "unary", scope: "read", summary: "Predict from raw rows" },
  predictDataset: { kind: "unary", scope: "submit", summary: "Predict a whole data set, as a job" },
  compareModels: { kind: "unary", scope: "read", summary: "Compare models on the same rows of a data set" },
  getPredictionFile: { kind: "stream", scope: "read", summary: "The answers for a data set as CSV or NDJSON" },
  putAlias: { kind: "unary", scope: "submit", summary: "Make an alias of a model, or move it" },
  listAliases: { kind: "unary", scope: "read", summary: "List aliases by name" },
  getAlias: { kind: "unary", scope: "read", summary: "What an alias names" },
  listAliasHistory: { kind: "unary", scope: "read", summary: "What an alias named, newest first" },
  getJobEventFile: { kind: "stream", scope: "read", summary: "A job's curves as an event file of TensorBoard" },
  getStudyEventFiles: {
    kind: "stream",
    scope: "read",
    summary: "A study's trials as event files of TensorBoard, in a tar archive",
  },
  listTenants: { kind: "unary", scope: "operator", summary: "List tenants by id" },
  putTenant: { kind: "unary", scope: "operator", summary: "Record a tenant, or what it may" },
  getTenant: { kind: "unary", scope: "operator", summary: "A tenant: what it may, and its keys" },
  createKey: { kind: "unary", scope: "operator", summary: "Make an API key for a tenant" },
  rotateKey: { kind: "unary", scope: "operator", summary: "Give a key a new secret, with an overlap" },
  revokeKey: { kind: "unary", scope: "operator", summary: "Revoke a key" },
  getUsage: { kind: "unary", scope: "operator", summary: "What a tenant used, by day" },
  listAudit: { kind: "unary", scope: "operator", summary: "Who changed what, newest first" },
  createToken: { kind: "unary", scope: "read", summary: "A token for a browser's event stream" },
  deleteAlias: { kind: "unary", scope: "admin", summary: "Delete an alias; its model stays" },
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof operations;

/** What is no operation of the service's resources, and of REST alone, but still not for everyone. */
const serviceOperations = {
  readMetrics: { scope: "admin" },
  viewQueues: { scope: "admin" },
} as const satisfies Record<string, { scope: Scope }>;

export type Admitted = OperationName | keyof typeof serviceOperations;

export const scopeOf = (operation: Admitted): Scope =>
  operation in serviceOperations
    ? serviceOperations[operation as keyof typeof serviceOperations].scope
    : operations[operation as OperationName].scope;
