import { parentPort, workerData } from "node:worker_threads";
import { decodeCells } from "../../src/data/images/decode-cells.ts";
import { readPredictBody, withPictures } from "../../src/data/images/predict-body.ts";
import { encodeRows, type PixelsOf } from "../../src/data/preprocessing/encode-rows.ts";
import { requireFinite } from "../../src/data/preprocessing/require-finite.ts";
import type { Row } from "../../src/domain/datasets/dataset.ts";
import { assert, ServiceError } from "../../src/domain/errors.ts";
import type { TenantId } from "../../src/domain/ids.ts";
import { limits } from "../../src/domain/limits.ts";
import type { Conformal } from "../../src/domain/models/conformal.ts";
import type { ImportedModel } from "../../src/domain/models/imported-model.ts";
import { type AnyModel, isImported, type Model } from "../../src/domain/models/model.ts";
import {
  type Prediction,
  PredictRequest,
  type PredictResponse,
} from "../../src/domain/models/predictions/prediction.ts";
import { compileKernels } from "../../src/engine/kernels/load.ts";
import { createImageDecoder } from "../../src/formats/images/decode-image.ts";
import { readPredictRequest, writePredictResponse } from "../../src/grpc/prediction-messages.ts";
import { withCoverage } from "../../src/stats/conformal/with-coverage.ts";
import { reportOf } from "../../src/store/artifacts/model-files.ts";
import { openArtifactStore } from "../../src/store/artifacts/open-artifact-store.ts";
import { readVerified } from "../../src/store/artifacts/verified.ts";
import { parse, rowLimits } from "../../src/usecases/admission/parse.ts";
import type { ToInference } from "../engine/protocol.ts";
import { answerQuestions } from "../requests/answer-requests.ts";
import { answerHttp, answerMessage } from "./answer-inference.ts";
import { compareModels } from "./compare-models.ts";
import { type Background, explainRows, requireExplainable } from "./explain-rows.ts";
import { loadImported, type NetworkAnswer } from "./imported-answer.ts";
import type { InferenceSetup } from "./inference.ts";
import { loadBackground } from "./load-background.ts";
import { type Answer, loadModel } from "./load-model.ts";
import { createLoadedModels } from "./loaded-models.ts";

assert(parentPort !== null, "inference-thread runs as a worker thread");
const setup: InferenceSetup = workerData;
const [module, artifacts] = await Promise.all([
  compileKernels(),
  openArtifactStore(setup.artifactUrl, { existing: true, env: process.env }),
]);
const decode = createImageDecoder(limits.imagePixels);
const models = createLoadedModels<Answer>(setup.cacheBytes);

/** The digest is part of the name: should an id ever come back with other weights, the old ones do not answer for it. */
const keyOf = (tenant: TenantId, model: Pick<Model, "id" | "digest">): string =>
  `${tenant}/${model.id}/${model.digest}`;

const answerOf = async (tenant: TenantId, model: Model): Promise<Answer> => {
  const key = keyOf(tenant, model);
  const known = models.get(key);
  if (known !== null) return known;
  const loaded = await loadModel(artifacts, { module, native: setup.native }, tenant, model);
  models.add(key, loaded);
  return loaded.value;
};

/** Rows that are answered without asking how much it will be. */
const fewRows = 100;

/** Ten thousand rows of a model with ten thousand classes would be gigabytes: the first row tells. */
const requireRoom = (answer: Answer, model: Model, rows: Row[], pixels: { pixelsOf?: PixelsOf }): void => {
  if (rows.length <= fewRows) return;
  const one = rows.slice(0, 1);
  const bytes = JSON.stringify(answer(encodeRows(model.preprocessing, one, pixels).inputs, one)).length * rows.length;
  if (bytes <= limits.predictAnswerBytes) return;
  const most = Math.max(fewRows, Math.floor((limits.predictAnswerBytes / bytes) * rows.length));
  throw new ServiceError("too_large", `the answer would take about ${bytes} bytes; send at most ${most} rows at once`);
};

/** What rows become before the network sees them: an empty row of two bytes may be a hundred thousand inputs. */
const requireInputs = ({ preprocessing: { inputs } }: Model, rows: Row[]): void => {
  const most = Math.max(1, Math.floor(limits.predictInputs / inputs));
  if (rows.length <= most) return;
  throw new ServiceError("too_large", `this model makes ${inputs} inputs of a row; send at most ${most} rows at once`);
};

const scores = createLoadedModels<{ conformal: Conformal | null }>(setup.cacheBytes);
const networks = createLoadedModels<NetworkAnswer>(setup.cacheBytes);

const importedAnswer = async (tenant: TenantId, model: ImportedModel): Promise<NetworkAnswer> => {
  const key = keyOf(tenant, model);
  const known = networks.get(key);
  if (known !== null) return known;
  const loaded = await loadImported(artifacts, { module, native: setup.native }, tenant, model, decode);
  networks.add(key, loaded);
  return loaded.value;
};

const predict = async (tenant: TenantId, model: AnyModel, body: unknown): Promise<PredictResponse> => {
  if (isImported(model)) return (await importedAnswer(tenant, model))(model, body);
  return predictTrained(tenant, model, body);
};

/** What the report knows of the model's errors on held-out rows, read once. */
const conformalOf = async (tenant: TenantId, model: Model): Promise<Conformal | null> => {
  const name = keyOf(tenant, model);
  const known = scores.get(name);
  if (known !== null) return known.conformal;
  const { key, check, what } = reportOf(tenant, model);
  const bytes = await readVerified(artifacts, key, check, what);
  const { conformal = null }: { conformal?: Conformal | null } = JSON.parse(Buffer.from(bytes).toString());
  scores.add(name, { value: { conformal }, bytes: bytes.byteLength });
  return conformal;
};

const backgrounds = createLoadedModels<Background>(setup.cacheBytes);

const backgroundOf = async (tenant: TenantId, model: Model): Promise<Background> => {
  const key = keyOf(tenant, model);
  const known = backgrounds.get(key);
  if (known !== null) return known;
  const loaded = await loadBackground(artifacts, tenant, model);
  backgrounds.add(key, loaded);
  return loaded.value;
};

const explained = async (
  tenant: TenantId,
  model: Model,
  { inputs, answer, predictions }: { inputs: Float32Array; answer: Answer; predictions: Prediction[] },
): Promise<Prediction[]> => {
  const background = await backgroundOf(tenant, model);
  const explanations = explainRows(model, background, inputs, (asked) => answer(asked, []));
  return predictions.map((prediction, row) => ({ ...prediction, explanation: explanations[row]! }) as Prediction);
};

const predictTrained = async (tenant: TenantId, model: Model, body: unknown): Promise<PredictResponse> => {
  const { rows, strict, coverage, explain, ...promise } = parse(PredictRequest, body, { most: rowLimits });
  if (explain) requireExplainable(model);
  requireInputs(model, rows);
  const pixelsOf = await decodeCells(model.preprocessing, rows, decode);
  const pixels = pixelsOf === null ? {} : { pixelsOf };
  const { inputs, warnings, furtherWarnings } = encodeRows(model.preprocessing, rows, { strict, ...pixels });
  const answer = await answerOf(tenant, model);
  requireRoom(answer, model, rows, pixels);
  const plain = answer(inputs, rows);
  requireFinite(plain, warnings);
  const predictions = explain ? await explained(tenant, model, { inputs, answer, predictions: plain }) : plain;
  const warned = { warnings: [...warnings], furtherWarnings };
  if (coverage === undefined) return { predictions, ...warned };
  const conformal = await conformalOf(tenant, model);
  return { ...withCoverage(predictions, conformal, { coverage, ...promise }), ...warned };
};

answerQuestions<ToInference, null | Uint8Array<ArrayBuffer>>(
  parentPort,
  async (question) => {
    if (question.type === "forget") {
      models.removeBelow(`${question.tenant}/${question.model}/`);
      networks.removeBelow(`${question.tenant}/${question.model}/`);
      scores.removeBelow(`${question.tenant}/${question.model}/`);
      backgrounds.removeBelow(`${question.tenant}/${question.model}/`);
      return null;
    }
    if (question.type === "compare") {
      const { tenant } = question;
      const compared = await compareModels(artifacts, question, (model) => answerOf(tenant, model));
      return new TextEncoder().encode(JSON.stringify(compared));
    }
    if (question.type === "inferHttp" || question.type === "inferMessage") {
      const { tenant, model } = question;
      const asked = (body: unknown) => predict(tenant, model, body);
      return question.type === "inferHttp"
        ? answerHttp(model, question.question, asked)
        : answerMessage(model, question.question, asked);
    }
    const { tenant, model, body } = question;
    if (question.type === "predictMessage") {
      const { pictures, ...asked } = readPredictRequest(body);
      return writePredictResponse(await predict(tenant, model, withPictures(model, asked, pictures)));
    }
    const asked = readPredictBody(model, body, question.contentType);
    return new TextEncoder().encode(JSON.stringify(await predict(tenant, model, asked)));
  },
  (answer) => (answer instanceof Uint8Array ? [answer.buffer] : []),
);
