import type { Metadata } from "@grpc/grpc-js";
import type { OperationName } from "../../src/usecases/admission/operations.ts";
import { tinyNetwork } from "../formats/onnx/tiny-network.ts";
import { ask, type Clients, importFile, uploadFile } from "../grpc/clients.ts";
import { iris } from "./service.ts";

interface Owned {
  dataset: string;
  job: string;
  model: string;
  waiting: string;
  study: string;
}

export const specOf = (dataset: string) => ({ dataset, task: { type: "classification", label: "species" } });

/** One call for each operation, aimed at what somebody owns. */
export const everyRpc = (
  clients: Clients,
  owned: Owned,
): Record<OperationName, (metadata: Metadata) => Promise<unknown>> => {
  const { datasets, jobs, models, aliases, predictions, studies } = clients;
  const stream = async (messages: AsyncIterable<unknown>): Promise<unknown[]> => {
    const received: unknown[] = [];
    for await (const message of messages) received.push(message);
    return received;
  };
  const { dataset, job, model, waiting, study } = owned;
  const wanted = { ...specOf(dataset), task: { ...specOf(dataset).task, features: [], exclude: [] }, labels: {} };
  const studySpec = { job: wanted, fields: {}, space: {}, guesses: [], warmStart: [] };
  return {
    uploadDataset: (m) => uploadFile(clients, iris, {}, m),
    listDatasets: (m) => ask(datasets, datasets.listDatasets, {}, m),
    getDataset: (m) => ask(datasets, datasets.getDataset, { id: dataset }, m),
    listDatasetRows: (m) => ask(datasets, datasets.listDatasetRows, { id: dataset }, m),
    getDatasetImage: (m) => ask(datasets, datasets.getDatasetImage, { id: dataset, row: 0 }, m),
    updateDataset: (m) =>
      ask(datasets, datasets.updateDataset, { id: dataset, name: "iris", types: {}, labels: undefined }, m),
    deleteDataset: (m) => ask(datasets, datasets.deleteDataset, { id: dataset }, m),
    submitJob: (m) => ask(jobs, jobs.submitJob, { spec: wanted }, m),
    submitJobs: (m) => ask(jobs, jobs.submitJobs, { specs: [] }, m),
    planJob: (m) => ask(jobs, jobs.planJob, { spec: wanted }, m),
    validateJob: (m) => ask(jobs, jobs.validateJob, { spec: wanted }, m),
    getJob: (m) => ask(jobs, jobs.getJob, { id: job }, m),
    listJobs: (m) => ask(jobs, jobs.listJobs, { state: 0 }, m),
    getOverview: (m) => ask(jobs, jobs.getOverview, {}, m),
    watchJob: (m) => stream(jobs.watchJob({ id: job }, m)),
    listJobEvents: (m) => ask(jobs, jobs.listJobEvents, { id: job }, m),
    listJobMetrics: (m) => ask(jobs, jobs.listJobMetrics, { id: job }, m),
    cancelJob: (m) => ask(jobs, jobs.cancelJob, { id: waiting }, m),
    pauseJob: (m) => ask(jobs, jobs.pauseJob, { id: waiting }, m),
    resumeJob: (m) => ask(jobs, jobs.resumeJob, { id: waiting }, m),
    getJobRows: (m) => stream(jobs.getJobRows({ id: job }, m)),
    listTenants: (m) => ask(clients.access, clients.access.listTenants, {}, m),
    putTenant: (m) => ask(clients.access, clients.access.putTenant, { id: "acme", suspended: false }, m),
    getTenant: (m) => ask(clients.access, clients.access.getTenant, { id: "acme" }, m),
    createKey: (m) => ask(clients.access, clients.access.createKey, { tenant: "acme", id: "k", scopes: [] }, m),
    rotateKey: (m) => ask(clients.access, clients.access.rotateKey, { tenant: "acme", id: "k" }, m),
    revokeKey: (m) => ask(clients.access, clients.access.revokeKey, { tenant: "acme", id: "k" }, m),
    getUsage: (m) => ask(clients.access, clients.access.getUsage, { tenant: "acme" }, m),
    listAudit: (m) => ask(clients.access, clients.access.listAudit, {}, m),
    createToken: (m) => ask(clients.access, clients.access.createToken, { resource: job }, m),
    getJobEventFile: (m) => stream(jobs.getJobEventFile({ id: job }, m)),
    getStudyEventFiles: (m) => stream(studies.getStudyEventFiles({ id: study }, m)),
    deleteJob: (m) => ask(jobs, jobs.deleteJob, { id: job }, m),
    submitStudy: (m) => ask(studies, studies.submitStudy, { spec: studySpec }, m),
    validateStudy: (m) => ask(studies, studies.validateStudy, { spec: studySpec }, m),
    getStudy: (m) => ask(studies, studies.getStudy, { id: study }, m),
    listStudies: (m) => ask(studies, studies.listStudies, {}, m),
    listTrials: (m) => ask(studies, studies.listTrials, { id: study }, m),
    exportTrials: (m) => ask(studies, studies.exportTrials, { id: study }, m),
    suggestTrial: (m) => ask(studies, studies.suggestTrial, { id: study, values: {} }, m),
    getLeaderboard: (m) => ask(studies, studies.getLeaderboard, { id: study }, m),
    getImportances: (m) => ask(studies, studies.getImportances, { id: study }, m),
    watchStudy: (m) => stream(studies.watchStudy({ id: study }, m)),
    listStudyEvents: (m) => ask(studies, studies.listStudyEvents, { id: study }, m),
    cancelStudy: (m) => ask(studies, studies.cancelStudy, { id: study }, m),
    pauseStudy: (m) => ask(studies, studies.pauseStudy, { id: study }, m),
    resumeStudy: (m) => ask(studies, studies.resumeStudy, { id: study }, m),
    deleteStudy: (m) => ask(studies, studies.deleteStudy, { id: study }, m),
    importModel: (m) => importFile(clients, tinyNetwork(), { format: 1 }, m),
    updateModel: (m) => ask(models, models.updateModel, { id: model, licence: "MIT" }, m),
    listModels: (m) => ask(models, models.listModels, {}, m),
    getModel: (m) => ask(models, models.getModel, { id: model }, m),
    getModelReportPage: (m) => ask(models, models.getModelReportPage, { id: model }, m),
    getModelReport: (m) => ask(models, models.getModelReport, { id: model }, m),
    deleteModel: (m) => ask(models, models.deleteModel, { id: model }, m),
    getHeldOutPredictions: (m) => stream(models.getHeldOutPredictions({ id: model }, m)),
    getModelWeights: (m) => stream(models.getModelWeights({ id: model }, m)),
    getModelLineage: (m) => ask(models, models.getModelLineage, { id: model }, m),
    predictDataset: (m) => ask(predictions, predictions.predictDataset, { model, dataset }, m),
    compareModels: (m) => ask(predictions, predictions.compareModels, { models: [model], dataset }, m),
    getDatasetFile: (m) => stream(datasets.getDatasetFile({ id: dataset }, m)),
    getPredictionFile: (m) => stream(predictions.getPredictionFile({ id: job, format: 0 }, m)),
    putAlias: (m) => ask(aliases, aliases.putAlias, { name: "acme-live", model }, m),
    listAliases: (m) => ask(aliases, aliases.listAliases, {}, m),
    getAlias: (m) => ask(aliases, aliases.getAlias, { name: "acme-live" }, m),
    listAliasHistory: (m) => ask(aliases, aliases.listAliasHistory, { name: "acme-live" }, m),
    deleteAlias: (m) => ask(aliases, aliases.deleteAlias, { name: "acme-live" }, m),
    getModelOnnx: (m) => stream(models.getModelOnnx({ id: model }, m)),
    getModelCard: (m) => ask(models, models.getModelCard, { id: model }, m),
    predict: (m) =>
      ask(models, models.predict, { model, rows: [{ sepal_length: 5, sepal_width: 3 }], pictures: [] }, m),
  };
};
