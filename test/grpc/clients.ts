import {
  type CallOptions,
  type Client,
  type ClientOptions,
  credentials,
  Metadata,
  type ServiceError as RpcError,
  status,
} from "@grpc/grpc-js";
import type { Problem } from "../../src/domain/errors.ts";
import { AccessServiceClient } from "../../src/grpc/generated/descent/v1/access.ts";
import { AliasesServiceClient } from "../../src/grpc/generated/descent/v1/aliases.ts";
import { DatasetsServiceClient } from "../../src/grpc/generated/descent/v1/datasets.ts";
import { JobsServiceClient } from "../../src/grpc/generated/descent/v1/jobs.ts";
import { type ImportHeader, ModelsServiceClient } from "../../src/grpc/generated/descent/v1/models.ts";
import { PredictionsServiceClient } from "../../src/grpc/generated/descent/v1/predictions.ts";
import { StudiesServiceClient } from "../../src/grpc/generated/descent/v1/studies.ts";

export interface Clients {
  datasets: DatasetsServiceClient;
  jobs: JobsServiceClient;
  models: ModelsServiceClient;
  studies: StudiesServiceClient;
  aliases: AliasesServiceClient;
  predictions: PredictionsServiceClient;
  access: AccessServiceClient;
  close(): void;
}

export const connectClients = (
  address: string,
  channel = credentials.createInsecure(),
  options: ClientOptions = {},
): Clients => {
  const datasets = new DatasetsServiceClient(address, channel, options);
  const jobs = new JobsServiceClient(address, channel, options);
  const models = new ModelsServiceClient(address, channel, options);
  const studies = new StudiesServiceClient(address, channel, options);
  const aliases = new AliasesServiceClient(address, channel, options);
  const predictions = new PredictionsServiceClient(address, channel, options);
  const access = new AccessServiceClient(address, channel, options);
  return {
    ...{ datasets, jobs, models, aliases, predictions, studies, access },
    close: () => {
      for (const client of [datasets, jobs, models, aliases, predictions, studies, access] as Client[]) client.close();
    },
  };
};

type Unary<Q, R> = (
  request: Q,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: RpcError | null, response: R) => void,
) => unknown;

/** One unary call as a promise. */
export const ask = <Q, R>(client: Client, method: Unary<Q, R>, request: Q, metadata = new Metadata()): Promise<R> =>
  new Promise((resolve, reject) => {
    method.call(client, request, metadata, {}, (error, response) =>
      error === null ? resolve(response) : reject(error),
    );
  });

export const uploadFile = (
  { datasets }: Clients,
  file: string | Uint8Array,
  header: { name?: string; types?: Record<string, 0 | 1 | 2> } = {},
  metadata = new Metadata(),
  chunkBytes = 65_536,
): Promise<import("../../src/grpc/generated/descent/v1/datasets.ts").Dataset> =>
  new Promise((resolve, reject) => {
    const call = datasets.uploadDataset(metadata, (error, response) =>
      error === null ? resolve(response) : reject(error),
    );
    call.write({ part: { $case: "header", value: { name: header.name, types: header.types ?? {} } } });
    const bytes = Buffer.from(file);
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      call.write({ part: { $case: "chunk", value: bytes.subarray(at, at + chunkBytes) } });
    }
    call.end();
  });

export const importFile = (
  { models }: Clients,
  file: Uint8Array,
  header: ImportHeader,
  metadata = new Metadata(),
): Promise<import("../../src/grpc/generated/descent/v1/models.ts").Model> =>
  new Promise((resolve, reject) => {
    const call = models.importModel(metadata, (error, response) =>
      error === null ? resolve(response) : reject(error),
    );
    call.write({ part: { $case: "header", value: header } });
    for (let at = 0; at < file.length; at += 65_536) {
      call.write({ part: { $case: "chunk", value: Buffer.from(file.subarray(at, at + 65_536)) } });
    }
    call.end();
  });

/** What a refused call says: its status by name and the problem document of its trailers. */
export const refusalOf = async (call: Promise<unknown>): Promise<{ status: string; problem: Problem }> => {
  const error = await call.then(
    () => new Error("the call was not refused"),
    (reason: RpcError) => reason,
  );
  if (!("metadata" in error)) throw error;
  const bytes = error.metadata.get("problem-bin")[0];
  if (bytes === undefined) throw error;
  return { status: status[error.code] ?? "", problem: JSON.parse(bytes.toString()) };
};
