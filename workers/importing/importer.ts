import { ServiceError } from "../../src/domain/errors.ts";
import type { Party } from "../../src/domain/fairness/shares.ts";
import type { ModelId, TenantId } from "../../src/domain/ids.ts";
import type { Log } from "../../src/domain/log.ts";
import type { ImportedNetwork, ImportFormat } from "../../src/domain/models/imported-model.ts";
import { createRequestWorker } from "../requests/request-worker.ts";
import { unlessBusy } from "../requests/unless-busy.ts";

/** What the importing thread is asked: to read the upload that lies in the store under this model. */
export interface ImportQuestion {
  tenant: TenantId;
  model: ModelId;
  format: ImportFormat;
  architecture?: string | undefined;
  /** Of an ONNX file, that its inputs leave open behind the batch. */
  sizes?: number[] | undefined;
  /** That weights and network may take. */
  mostBytes: number;
}

export type ImportAnswer = ImportedNetwork | { needsBytes: number };

export interface Importer {
  importNetwork(party: Party, request: Omit<ImportQuestion, "tenant">): Promise<ImportAnswer>;
  close(): Promise<void>;
}

/** What the importing thread is started with. */
export interface ImporterSetup {
  artifactUrl: string;
}

const waiting = 8;
const patienceMs = 300_000;
/** Of JavaScript's own objects; files and weights lie outside of it. */
const heapMegabytes = 2048;

/** Reads files of models in a thread of its own: a gigabyte takes many seconds, and what it holds is not to be trusted. */
export const createImporter = (script: URL, setup: ImporterSetup, log: Log): Importer => {
  const hungOn = unlessBusy(
    "import",
    () => new ServiceError("over_limit", "reading this file took too long; export a smaller network"),
  );
  const thread = createRequestWorker<ImportQuestion, ImportAnswer>({
    ...{ script, workerData: setup, what: "import", log, atOnce: 1, waiting, patienceMs, hungOn, heapMegabytes },
  });
  return {
    importNetwork: (party, request) => thread.ask(party, { tenant: party.tenant, ...request }),
    close: thread.close,
  };
};
