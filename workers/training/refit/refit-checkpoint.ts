import type { Metrics } from "../../../src/domain/jobs/job.ts";
import type { IsotonicCalibration } from "../../../src/domain/models/parts/isotonic.ts";
import type { Report } from "../../../src/domain/models/report.ts";
import { fromWords, toWords } from "../../../src/formats/safetensors/json-words.ts";
import type { Tensor } from "../../../src/formats/safetensors/safetensors.ts";
import type { CurveFit } from "../../../src/stats/learning-curve.ts";
import type { CheckpointContent } from "../checkpoint-file.ts";
import type { HeldOutAnswers } from "../folds/judge-rows.ts";
import { fromKeptTensors, type KeptModel, toKeptTensors } from "../folds/kept-models.ts";

/** What is kept of the fit that was measured: all that its job says, and its weights where they are asked later. */
export interface Measured {
  readonly digest: string;
  readonly metrics: Metrics;
  readonly threshold: number | null;
  readonly calibration?: IsotonicCalibration;
  /** Epochs after which its weights were best. */
  readonly lastEpoch: number;
  readonly report: Report;
  readonly heldOut: HeldOutAnswers | null;
  /** The model itself, where promises of coverage ask it; else none. */
  readonly models: readonly KeptModel[];
}

/** Where a job stands whose measured fit is not the only one. */
export interface RefitPosition {
  /** Of computing before the fit under way. */
  readonly seconds: number;
  /** Points of the learning curve so far. */
  readonly curve: readonly CurveFit[];
  /** Null: the fit under way is the one that is measured. */
  readonly measured: Measured | null;
  /** Of the fit that is under way, with steps of its own. Null: it has not begun. */
  readonly inner: CheckpointContent | null;
}

interface State {
  version: 1;
  seconds: number;
  /** Left out of jobs without a learning curve. */
  curve?: readonly Omit<CurveFit, "columns">[];
  measured: Omit<Measured, "report" | "heldOut" | "models"> | null;
  inner: { step: number; state: unknown } | null;
}

const [reportName, placesName, columnPrefix, innerPrefix] = ["report", "places", "held/", "fit/"];
const [curvePrefix, keptPrefix] = ["curve/", "kept/"];

const curveTensors = (curve: readonly CurveFit[]): Tensor[] =>
  curve.flatMap(({ columns }, i) =>
    Object.entries(columns ?? {}).map(([name, data]) => ({
      ...{ name: `${curvePrefix}${i}/${name}`, dtype: "F64" as const, shape: [data.length], data },
    })),
  );

const readCurve = (fits: NonNullable<State["curve"]>, tensors: readonly Tensor[]): CurveFit[] => {
  const named = (i: number, name: string): Float64Array | null => {
    const data = tensors.find((tensor) => tensor.name === `${curvePrefix}${i}/${name}`)?.data;
    return data instanceof Float64Array ? data : null;
  };
  return fits.map((fit, i) => {
    const [losses, scores] = [named(i, "losses"), named(i, "scores")];
    return { ...fit, columns: losses && scores && { losses, scores } };
  });
};

const measuredTensors = ({ report, heldOut, models }: Measured): Tensor[] => {
  const words = toWords(report);
  const tensors: Tensor[] = [{ name: reportName, dtype: "I32", shape: [words.length], data: words }];
  for (const tensor of toKeptTensors(models)) tensors.push({ ...tensor, name: `${keptPrefix}${tensor.name}` });
  if (heldOut === null) return tensors;
  const places = Int32Array.from(heldOut.places);
  tensors.push({ name: placesName, dtype: "I32", shape: [places.length], data: places });
  for (const [name, data] of Object.entries(heldOut.columns))
    tensors.push({ name: `${columnPrefix}${name}`, dtype: "F64", shape: [data.length], data });
  return tensors;
};

/** @param step of the whole job */
export const toRefitContent = (step: number, { seconds, curve, measured, inner }: RefitPosition): CheckpointContent => {
  const { report: _, heldOut: __, models: ___, ...plain } = measured ?? {};
  const state: State = {
    ...(curve.length === 0 ? {} : { curve: curve.map(({ trainRows, fault }) => ({ trainRows, fault })) }),
    ...{ version: 1, seconds, measured: measured && (plain as State["measured"]) },
    inner: inner && { step: inner.step, state: inner.state },
  };
  const own = (inner?.tensors ?? []).map((tensor) => ({ ...tensor, name: `${innerPrefix}${tensor.name}` }));
  const said = measured === null ? [] : measuredTensors(measured);
  return { step, state, tensors: [...curveTensors(curve), ...said, ...own] };
};

/** The file's digest was compared, so it is what `toRefitContent` was given. */
export const fromRefitContent = (content: CheckpointContent | null): RefitPosition => {
  if (content === null) return { seconds: 0, curve: [], measured: null, inner: null };
  const { seconds, curve = [], measured, inner } = content.state as State;
  const named = (name: string): ArrayBufferView | undefined => content.tensors.find((one) => one.name === name)?.data;
  const beneath = (prefix: string) =>
    content.tensors
      .filter(({ name }) => name.startsWith(prefix))
      .map((tensor) => ({ ...tensor, name: tensor.name.slice(prefix.length) }));
  const columns = Object.fromEntries(
    beneath(columnPrefix).flatMap(({ name, data }) => (data instanceof Float64Array ? [[name, data]] : [])),
  );
  const [report, places] = [named(reportName), named(placesName)];
  const heldOut = places instanceof Int32Array ? { places, columns } : null;
  const models = fromKeptTensors(beneath(keptPrefix));
  return {
    seconds,
    curve: readCurve(curve, content.tensors),
    measured: measured && { ...measured, report: fromWords(report!) as Report, heldOut, models },
    inner: inner && { ...inner, tensors: beneath(innerPrefix) },
  };
};
