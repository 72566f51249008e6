import { parentPort, workerData } from "node:worker_threads";
import { decodeCells } from "../../src/data/images/decode-cells.ts";
import { readPredictBody, withPictures } from "../../src/data/images/predict-body.ts";
import { encodeRows, type PixelsOf } from "../../src/data/preprocessing/encode-rows.ts";
import { withExposures } from "../../src/data/preprocessing/encoders/exposure-cell.ts";
import { requireFinite } from "../../src/data/preprocessing/require-finite.ts";
import type { Row } from "../../src/domain/datasets/dataset.ts";
import { assert, ServiceError } from "../../src/domain/errors.ts";
import type { TenantId } from "../../src/domain/ids.ts";
import { isFoldEnsemble } from "../../src/domain/jobs/spec/folds/cross-validation-spec.ts";
import { hasDependentRows } from "../../src/domain/jobs/spec/rows/dependent-rows.ts";
import { limits } from "../../src/domain/limits.ts";
import type { Conformal } from "../../src/domain/models/conformal.ts";
import type { ImportedModel } from "../../src/domain/models/imported-model.ts";
import { type AnyModel, isImported, type Model, type Preprocessing } from "../../src/domain/models/model.ts";
import type { Prediction, PredictResponse } from "../../src/domain/models/predictions/prediction.ts";
import { compileKernels } from "../../src/engine/kernels/load.ts";
import { createImageDecoder } from "../../src/formats/images/decode-image.ts";
import { readPredictRequest, writePredictResponse } from "../../src/grpc/prediction-messages.ts";
import { withCoverage } from "../../src/stats/conformal/with-coverage.ts";
import { reportOf } from "../../src/store/artifacts/model-files.ts";
import { openArtifactStore } from "../../src/store/artifacts/open-artifact-store.ts";
import { readVerified } from "../../src/store/artifacts/verified.ts";
import type { ToInference } from "../engine/protocol.ts";
import { answerQuestions } from "../requests/answer-requests.ts";
import { type Answer, type Encoded, encodeFor } from "./answer.ts";
import { answerHttp, answerMessage } from "./answer-inference.ts";
import { compareModels } from "./comparing/compare-models.ts";
import { type Background, explainRows, requireExplainable } from "./explain-rows.ts";
import { type ImportedNetwork, loadImported } from "./imported-answer.ts";
import type { InferenceSetup } from "./inference.ts";
import { loadBackground } from "./load-background.ts";
import { loadMeasured, loadModel } from "./load-model.ts";
import { createLoadedModels } from "./loaded-models.ts";
import { createMicroBatches } from "./micro-batches.ts";
import { parseRows } from "./parse-rows.ts";
import { createPlaces } from "./places.ts";

assert(parentPort !== null, "inference-thread runs as a worker thread");
const setup: InferenceSetup = workerData;
const [module, artifacts] = await Promise.all([
  compileKernels(),
  openArtifactStore(setup.artifactUrl, { existing: true, env: process.env }),
]);
const decode = createImageDecoder(limits.imagePixels);
/** Everything of models that stays loaded: each key has one kind of it. */
const kept = createLoadedModels<Answer | null | ImportedNetwork | Background | { conformal: Conformal | null }>(
  setup.cacheBytes,
);

/** The digest is part of the name: should an id ever come back with other weights, the old ones do not answer for it. */
const keyOf = (tenant: TenantId, model: Pick<Model, "id" | "digest">): string =>
  `${tenant}/${model.id}/${model.digest}`;

const answerOf = async (tenant: TenantId, model: Model): Promise<Answer> => {
  const load = () => loadModel(artifacts, { module, native: setup.native }, tenant, model);
  return (await kept.get(`${keyOf(tenant, model)}/answer`, load)) as Answer;
};

/** The models whose scores the model's promises of coverage are, where they are others. */
const measuredOf = async (tenant: TenantId, model: Model): Promise<Answer | null> => {
  const load = () => loadMeasured(artifacts, { module, native: setup.native }, tenant, model);
  return (await kept.get(`${keyOf(tenant, model)}/measured`, load)) as Answer | null;
};

const importedNetwork = async (tenant: TenantId, model: ImportedModel): Promise<ImportedNetwork> => {
  const load = () => loadImported(artifacts, { module, native: setup.native }, tenant, model, decode);
  return (await kept.get(`${keyOf(tenant, model)}/network`, load)) as ImportedNetwork;
};

/** Rows that are answered without asking how much it will be. */
const fewRows = 100;

/** Ten thousand rows of a model with ten thousand classes would be gigabytes: the first row tells. */
const requireRoom = (answer: Answer, model: Model, rows: Row[], pixels: { pixelsOf?: PixelsOf }): void => {
  if (rows.length <= fewRows) return;
  const one = rows.slice(0, 1);
  const encode = (preprocessing: Preprocessing): Float32Array => encodeRows(preprocessing, one, pixels).inputs;
  const encoded = encodeFor(answer, encode(model.preprocessing), 1, encode);
  const bytes = JSON.stringify(answer(encoded)).length * rows.length;
  if (bytes <= limits.predictAnswerBytes) return;
  const most = Math.max(fewRows, Math.floor((limits.predictAnswerBytes / bytes) * rows.length));
  throw new ServiceError("too_large", `the answer would take about ${bytes} bytes; send at most ${most} rows at once`);
};

/** What rows become before the network sees them: an empty row of two bytes may be a hundred thousand inputs. */
const requireInputs = ({ preprocessing, spec, files }: Model, rows: Row[], promised: boolean): void => {
  const { folds, repeats } = spec.training.crossValidation ?? { folds: 1, repeats: 1 };
  const asked = isFoldEnsemble(spec) ? folds * repeats : 1;
  const inputs = preprocessing.inputs * (asked + (promised && files?.measured !== undefined ? folds : 0));
  const most = Math.max(1, Math.floor(limits.predictInputs / inputs));
  if (rows.length <= most) return;
  throw new ServiceError("too_large", `this model makes ${inputs} inputs of a row; send at most ${most} rows at once`);
};

/** What the report knows of the model's errors on held-out rows, read once. */
const conformalOf = async (tenant: TenantId, model: Model): Promise<Conformal | null> => {
  const load = async () => {
    const { key, check, what } = reportOf(tenant, model);
    const bytes = await readVerified(artifacts, key, check, what);
    const { conformal = null }: { conformal?: Conformal | null } = JSON.parse(Buffer.from(bytes).toString());
    return { value: { conformal }, bytes: bytes.byteLength };
  };
  const { conformal } = (await kept.get(`${keyOf(tenant, model)}/scores`, load)) as { conformal: Conformal | null };
  return conformal;
};

const backgroundOf = async (tenant: TenantId, model: Model): Promise<Background> => {
  const load = () => loadBackground(artifacts, tenant, model);
  return (await kept.get(`${keyOf(tenant, model)}/background`, load)) as Background;
};

const explained = async (
  tenant: TenantId,
  model: Model,
  { inputs, answer, predictions }: { inputs: Float32Array; answer: Answer; predictions: Prediction[] },
): Promise<Prediction[]> => {
  const background = await backgroundOf(tenant, model);
  const width = model.preprocessing.inputs;
  const ask = (asked: Float32Array) => answer({ inputs: [asked], rows: asked.length / width });
  const explanations = explainRows(model, background, inputs, ask);
  return predictions.map((prediction, row) => ({ ...prediction, explanation: explanations[row]! }) as Prediction);
};

/** Rows read, encoded and with their model loaded; what is left of the request when the model has answered. */
interface Prepared {
  answer: Answer;
  encoded: Encoded;
  /** @param ask another model about its rows */
  finish(
    predictions: Prediction[],
    ask: (answer: Answer, encoded: Encoded) => Promise<Prediction[]>,
  ): Promise<PredictResponse>;
}

interface Heard {
  numbers: ReturnType<NonNullable<Answer["withFolds"]>>["numbers"] | null;
}

/** Keeps what each of the models of folds has said, so that none is asked twice. As an answer of its own it is computed with no other request. */
const hearing = (answer: Answer, heard: Heard): Answer => {
  const { withFolds, ...others } = answer;
  if (withFolds === undefined) return answer;
  const once = (encoded: Encoded): Prediction[] => {
    const { predictions, numbers } = withFolds(encoded);
    heard.numbers = numbers;
    return predictions;
  };
  return Object.assign(once, others);
};

const prepareTrained = async (tenant: TenantId, model: Model, body: unknown): Promise<Prepared> => {
  const { rows, strict, coverage, explain, ...promise } = parseRows(body);
  if (explain) requireExplainable(model);
  requireInputs(model, rows, coverage !== undefined);
  const pixelsOf = await decodeCells(model.preprocessing, rows, decode);
  const pixels = pixelsOf === null ? {} : { pixelsOf };
  const { inputs, exposures, warnings, furtherWarnings } = encodeRows(model.preprocessing, rows, { strict, ...pixels });
  const answer = await answerOf(tenant, model);
  const encodedFor = (asked: Answer): Encoded =>
    encodeFor(asked, inputs, rows.length, (other) => encodeRows(other, rows, pixels).inputs);
  const encoded = encodedFor(answer);
  const measured = coverage === undefined ? null : await measuredOf(tenant, model);
  const forMeasured = measured && encodedFor(measured);
  requireRoom(answer, model, rows, pixels);
  const conformal = coverage === undefined ? null : await conformalOf(tenant, model);
  const heard: Heard = { numbers: null };
  const finish: Prepared["finish"] = async (rates, ask) => {
    const plain = withExposures(rates, exposures);
    requireFinite(plain, warnings);
    const predictions = explain ? await explained(tenant, model, { inputs, answer, predictions: plain }) : plain;
    const warned = { warnings: [...warnings], furtherWarnings };
    if (coverage === undefined) return { predictions, ...warned };
    const said = measured && forMeasured && (await ask(hearing(measured, heard), forMeasured));
    const { numbers } = heard;
    const numbersOf = numbers === null ? undefined : () => numbers(exposures);
    const request = {
      coverage,
      ...promise,
      unproven: hasDependentRows(model.spec) || (model.refit !== undefined && !said),
    };
    const before = said === null ? predictions : withExposures(said, exposures);
    return { ...withCoverage(predictions, conformal, request, numbersOf, inputs, before), ...warned };
  };
  return { answer: coverage === undefined ? answer : hearing(answer, heard), encoded, finish };
};

const prepareImported = async (tenant: TenantId, model: ImportedModel, body: unknown): Promise<Prepared> => {
  const { encode, answer, label } = await importedNetwork(tenant, model);
  const finish: Prepared["finish"] = async (predictions) => ({
    ...{ predictions: label(model, predictions), warnings: [], furtherWarnings: 0 },
  });
  return { answer, encoded: await encode(model, body), finish };
};

type Asked = { tenant: TenantId; key: string | null; model: AnyModel };

/** Weights on their way from the store, pictures on theirs to pixels: so many at once. */
const preparing = createPlaces(4);
const batches = createMicroBatches(
  { rows: setup.batchRows, bytes: 16 * 2 ** 20, ms: 50, waitingBytes: 64 * 2 ** 20 },
  { afterMessages: setImmediate, nowMs: () => performance.now() },
);

const predict = async ({ tenant, key, model }: Asked, body: unknown): Promise<PredictResponse> => {
  const { answer, encoded, finish } = await preparing(() =>
    isImported(model) ? prepareImported(tenant, model, body) : prepareTrained(tenant, model, body),
  );
  const ask = (of: Answer, asked: Encoded): Promise<Prediction[]> => batches.ask({ tenant, key }, of, asked);
  return finish(await ask(answer, encoded), ask);
};

answerQuestions<ToInference, null | Uint8Array<ArrayBuffer>>(
  parentPort,
  async (question) => {
    if (question.type === "forget") {
      kept.removeBelow(`${question.tenant}/${question.model}/`);
      return null;
    }
    if (question.type === "compare") {
      const { tenant } = question;
      const compared = await compareModels(artifacts, question, (model) => answerOf(tenant, model));
      return new TextEncoder().encode(JSON.stringify(compared));
    }
    if (question.type === "inferHttp" || question.type === "inferMessage") {
      const { model } = question;
      const asked = (body: unknown) => predict(question, body);
      return question.type === "inferHttp"
        ? answerHttp(model, question.question, asked)
        : answerMessage(model, question.question, asked);
    }
    const { model, body } = question;
    if (question.type === "predictMessage") {
      const { pictures, ...asked } = readPredictRequest(body);
      return writePredictResponse(await predict(question, withPictures(model, asked, pictures)));
    }
    const asked = readPredictBody(model, body, question.contentType);
    return new TextEncoder().encode(JSON.stringify(await predict(question, asked)));
  },
  (answer) => (answer instanceof Uint8Array ? [answer.buffer] : []),
);
