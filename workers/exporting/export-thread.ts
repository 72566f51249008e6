import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../../src/domain/errors.ts";
import { openArtifactStore } from "../../src/store/artifacts/open-artifact-store.ts";
import { answerQuestions } from "../requests/answer-requests.ts";
import { exportStored } from "./export-stored.ts";
import type { ExporterSetup, ExportQuestion } from "./exporter.ts";

assert(parentPort !== null, "export-thread runs as a worker thread");
const { artifactUrl }: ExporterSetup = workerData;
const artifacts = await openArtifactStore(artifactUrl, { existing: true, env: process.env });

answerQuestions<ExportQuestion, Uint8Array<ArrayBuffer>>(
  parentPort,
  async ({ tenant, model, preprocessing }) => {
    const { bytes, chunks } = await exportStored(artifacts, tenant, model, { preprocessing });
    const file = new Uint8Array(bytes);
    let at = 0;
    for (const chunk of chunks) {
      file.set(chunk, at);
      at += chunk.byteLength;
    }
    return file;
  },
  (file) => [file.buffer],
);
