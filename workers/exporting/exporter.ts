import { ServiceError } from "../../src/domain/errors.ts";
import type { Party } from "../../src/domain/fairness/shares.ts";
import type { TenantId } from "../../src/domain/ids.ts";
import type { Log } from "../../src/domain/log.ts";
import type { AnyModel } from "../../src/domain/models/model.ts";
import { createRequestWorker } from "../requests/request-worker.ts";
import { unlessBusy } from "../requests/unless-busy.ts";

/** What the exporting thread is asked: a stored model as an ONNX file. */
export interface ExportQuestion {
  tenant: TenantId;
  model: AnyModel;
  preprocessing: boolean;
}

export interface Exporter {
  /** `sent` must be called once the content is no longer held. `overloaded` while too much is. */
  exportOnnx(
    party: Party,
    request: Omit<ExportQuestion, "tenant">,
  ): Promise<{ content: Uint8Array<ArrayBuffer>; sent: () => void }>;
  close(): Promise<void>;
}

/** What the exporting thread is started with. */
export interface ExporterSetup {
  artifactUrl: string;
}

const waiting = 8;
const patienceMs = 120_000;
/** Of JavaScript's own objects; files and weights lie outside of it. */
const heapMegabytes = 1024;
/** Of files on their way to clients that read slowly: with more, the next waits for its turn. */
const mostHeldBytes = 2 ** 30;

/** Writes models as ONNX files in a thread of its own: their weights are read, turned and written again, which may take seconds. */
export const createExporter = (script: URL, setup: ExporterSetup, log: Log): Exporter => {
  const hungOn = unlessBusy(
    "export",
    () => new ServiceError("over_limit", "writing this model as ONNX took too long; take its weights"),
  );
  const thread = createRequestWorker<ExportQuestion, Uint8Array<ArrayBuffer>>({
    ...{ script, workerData: setup, what: "export", log, atOnce: 1, waiting, patienceMs, hungOn, heapMegabytes },
  });
  let held = 0;
  return {
    exportOnnx: async (party, request) => {
      if (held > mostHeldBytes) {
        const detail = "too many exported models are on their way to slow clients; try again in a second";
        throw new ServiceError("overloaded", detail, { retryAfterSeconds: 1 });
      }
      const content = await thread.ask(party, { tenant: party.tenant, ...request });
      held += content.byteLength;
      let isSent = false;
      const sent = (): void => {
        if (!isSent) held -= content.byteLength;
        isSent = true;
      };
      return { content, sent };
    },
    close: thread.close,
  };
};
