import type { MetricPoint, Metrics } from "../../domain/jobs/job.ts";
import type { FileEvent, ScalarValue } from "../../formats/event-files/event-file.ts";

const splits = ["train", "validation", "test", "outOfFold"] as const;

/** `validationLoss` → `loss/validation`: TensorBoard shows the tags of one group side by side. What is of no split keeps its name. */
export const tagOf = (name: string): string => {
  const split = splits.find((each) => name.startsWith(each) && /^[A-Z]/.test(name.slice(each.length)));
  if (split === undefined) return name;
  const measured = name.slice(split.length);
  return `${measured.charAt(0).toLowerCase()}${measured.slice(1)}/${split}`;
};

const scalarsOf = (metrics: Metrics): ScalarValue[] =>
  Object.entries(metrics).map(([name, value]) => ({ tag: tagOf(name), value }));

/** Of a cross-validation each fit has curves of its own. */
const fitOf = ({ repeat, fold }: MetricPoint): string => (fold === undefined ? "" : `repeat_${repeat}/fold_${fold}/`);

const layersOf = ({ layers }: MetricPoint): ScalarValue[] =>
  layers.flatMap(({ layer, ...statistics }) =>
    Object.entries(statistics).flatMap(([name, value]) =>
      value === undefined ? [] : [{ tag: `${name}/${layer}`, value }],
    ),
  );

/** A point of a job's curve as an event; `startSeconds` is when the job was first taken up. */
export const pointEvent = (point: MetricPoint, startSeconds: number): FileEvent => {
  const { epoch, step, seconds, learningRate, gradientNorm, trainLoss, metrics } = point;
  const values = [
    { tag: "loss/train", value: trainLoss },
    ...[
      { tag: "learningRate", value: learningRate },
      { tag: "gradientNorm", value: gradientNorm },
    ],
    { tag: "epoch", value: epoch },
    // The loss of the epoch so far stands above.
    ...scalarsOf(metrics).filter(({ tag }) => tag !== "loss/train"),
    ...layersOf(point),
  ];
  const fit = fitOf(point);
  return {
    wallSeconds: startSeconds + seconds,
    step,
    values: values.map((each) => ({ ...each, tag: fit + each.tag })),
  };
};

/** What a job came to: of the weights that were kept, which need not be those of the last point. */
export const endEvent = (metrics: Metrics, last: MetricPoint | null, endSeconds: number): FileEvent | null => {
  const values = Object.entries(metrics).map(([name, value]) => ({ tag: `model/${name}`, value }));
  return values.length === 0 ? null : { wallSeconds: endSeconds, step: last?.step ?? 0, values };
};
