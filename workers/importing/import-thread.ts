import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../../src/domain/errors.ts";
import { openArtifactStore } from "../../src/store/artifacts/open-artifact-store.ts";
import { answerQuestions } from "../requests/answer-requests.ts";
import { importNetwork } from "./import-network.ts";
import type { ImportAnswer, ImporterSetup, ImportQuestion } from "./importer.ts";

assert(parentPort !== null, "import-thread runs as a worker thread");
const { artifactUrl }: ImporterSetup = workerData;
const artifacts = await openArtifactStore(artifactUrl, { existing: true, env: process.env });

answerQuestions<ImportQuestion, ImportAnswer>(parentPort, (question) => importNetwork(artifacts, question));
