import { allButHead, allLayers } from "../domain/jobs/spec/base/base-spec.ts";
import type { ResolvedJobSpec } from "../domain/jobs/spec/job-spec.ts";
import type { ThresholdSpec } from "../domain/jobs/spec/parts/threshold-spec.ts";
import type { BaseSpec, JobSpec, ResourcesSpec, TaskSpec, WebhookSpec } from "./generated/descent/v1/job_spec.ts";
import { fromWire, toWire } from "./typed/convert.ts";
import type { Shape } from "./typed/shape.ts";
import { specShapes, thresholdShape } from "./typed/spec-shapes.ts";

/** Leaves out what is absent, so that the schema fills in its defaults as for a JSON body without the key. */
const present = (entries: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));

const nonEmpty = <T>(list: readonly T[]): readonly T[] | undefined => (list.length === 0 ? undefined : list);

const fromTask = ({ features, exclude, threshold, ...rest }: TaskSpec) =>
  present({
    ...rest,
    features: nonEmpty(features),
    exclude: nonEmpty(exclude),
    threshold: threshold && fromWire(thresholdShape, threshold, "/task/threshold"),
  });

/** As the schema has it; what is no number once more as JSON. */
const toThreshold = (threshold: ThresholdSpec | undefined): TaskSpec["threshold"] =>
  threshold === undefined
    ? undefined
    : ({
        ...(toWire(thresholdShape, threshold) as object),
        structValue: typeof threshold === "object" ? toStruct(threshold) : undefined,
      } as TaskSpec["threshold"]);

/** In a list, so that the wire has one type: what JSON has as a text stands alone in it. */
const fromLayers = (layers: readonly string[], text: string) =>
  layers.length === 1 && layers[0] === text ? text : layers;
const toLayers = (layers: string | string[]): string[] => (typeof layers === "string" ? [layers] : layers);

const fromBase = ({ freeze, unfreeze, ...rest }: BaseSpec) =>
  present({
    ...rest,
    freeze: freeze.length === 0 ? undefined : fromLayers(freeze, allButHead),
    unfreeze: nonEmpty(
      unfreeze.map(({ afterEpochs, layers }) => present({ afterEpochs, layers: fromLayers(layers, allLayers) })),
    ),
  });
const toBase = ({ freeze, unfreeze, ...rest }: NonNullable<ResolvedJobSpec["base"]>): BaseSpec => ({
  ...rest,
  freeze: toLayers(freeze ?? []),
  unfreeze: (unfreeze ?? []).map(({ afterEpochs, layers }) => ({ afterEpochs, layers: toLayers(layers) })),
});
export const fromWebhook = ({ url }: WebhookSpec) => present({ url });
const fromResources = (resources: ResourcesSpec) => present({ ...resources });

type Part = keyof typeof specShapes;

const fromPart = (key: Part, part: object | undefined): unknown =>
  part === undefined ? undefined : fromWire(specShapes[key], part, `/${key}`);

const toPart = <K extends Part>(key: K, value: object | undefined): JobSpec[K] =>
  value === undefined ? undefined : inBothForms<JobSpec[K]>(specShapes[key], value);

/** The JSON body that this message stands for; unchecked, as a body is. */
export const fromJobSpec = (message: JobSpec | undefined): unknown => {
  if (message === undefined) return undefined;
  const { task, base, resources, labels, webhook, model, loss, optimizer, training, preprocessing, ...rest } = message;
  return present({
    ...rest,
    model: fromPart("model", model),
    loss: fromPart("loss", loss),
    optimizer: fromPart("optimizer", optimizer),
    training: fromPart("training", training),
    preprocessing: fromPart("preprocessing", preprocessing),
    task: task && fromTask(task),
    base: base && fromBase(base),
    resources: resources && fromResources(resources),
    webhook: webhook && fromWebhook(webhook),
    labels: Object.keys(labels).length === 0 ? undefined : labels,
  });
};

/** A Struct can hold no `undefined`: only what JSON would show. */
export const toStruct = (value: object): Record<string, unknown> => JSON.parse(JSON.stringify(value));

/** The message as its schema has it, and once more as JSON for clients of the google.protobuf.Struct that it was. */
export const inBothForms = <Message>(shape: Shape, value: object): Message =>
  ({ ...(toWire(shape, value) as object), fields: toStruct(value) }) as Message;

export const toTask = (task: ResolvedJobSpec["task"]): TaskSpec => ({
  type: task.type,
  label: "label" in task ? task.label : undefined,
  features: task.features ?? [],
  exclude: task.exclude ?? [],
  threshold: "threshold" in task ? toThreshold(task.threshold) : undefined,
  weight: "weight" in task ? task.weight : undefined,
  exposure: "exposure" in task ? task.exposure : undefined,
  offset: "offset" in task ? task.offset : undefined,
});

/** @param spec every default filled in; of a study as it was sent */
export const toJobSpec = (spec: ResolvedJobSpec | Partial<ResolvedJobSpec>): JobSpec => ({
  name: spec.name,
  dataset: spec.dataset,
  task: spec.task && toTask(spec.task),
  model: toPart("model", spec.model),
  loss: toPart("loss", spec.loss),
  optimizer: toPart("optimizer", spec.optimizer),
  training: toPart("training", spec.training),
  base: spec.base && toBase(spec.base),
  resources: spec.resources,
  labels: spec.labels ?? {},
  webhook: spec.webhook,
  preprocessing: toPart("preprocessing", spec.preprocessing),
  effort: spec.effort,
});
