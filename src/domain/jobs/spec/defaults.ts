import type { Dataset, ImageShape } from "../../datasets/dataset.ts";
import { limits } from "../../limits.ts";
import type { ImportedModel } from "../../models/imported-model.ts";
import { type AnyModel, isImported, type Model } from "../../models/model.ts";
import { checkBase, withBaseFeatures, withBaseModel } from "./base/base-checks.ts";
import { checkFineTuning } from "./base/fine-tuning-checks.ts";
import { checkImportedBase, networkPreprocessing } from "./base/network-base.ts";
import { checkCategoryInputs, checkColumns } from "./columns/check-columns.ts";
import { withLogarithms } from "./columns/column-options.ts";
import { withEmbeddedCategories } from "./columns/embedded-categories.ts";
import {
  defaultBatchSize,
  defaultEpochs,
  defaultL2,
  defaultLearningRate,
  defaultLoss,
  defaultModel,
  defaultOptimizer,
  defaultRowSteps,
  exactIterations,
} from "./default-training.ts";
import { checkCalibration } from "./effort/check-calibration.ts";
import { checkEffort } from "./effort/check-effort.ts";
import { checkRefit } from "./effort/check-refit.ts";
import { ensembleOf } from "./effort/effort-members.ts";
import { isLarge } from "./effort/effort-spec.ts";
import { countCurvature, effortFactors, withEffort } from "./effort/effort-training.ts";
import { checkCrossValidation } from "./folds/check-cross-validation.ts";
import {
  checkAugment,
  checkImageFeatures,
  countFeatureNumbers,
  hasImages,
  onlyImageOf,
  seenImage,
} from "./image-features.ts";
import type { JobSpec, ResolvedJobSpec, ResolvedSplitSpec, TaskSpec } from "./job-spec.ts";
import { checkClusters, resolveSolver, type Solver, withQuantile } from "./linear/solver.ts";
import {
  checkEarlyStopping,
  checkImage,
  checkLossOnData,
  checkModelAndLoss,
  checkPenaltySearch,
  checkPinball,
  withImageSize,
} from "./model-checks.ts";
import { isPerceptron, type ModelSpec } from "./model-spec.ts";
import type { LossSpec } from "./parts/loss-spec.ts";
import { EarlyStopping } from "./parts/training-spec.ts";
import { PenaltySearch, resolveSearch, trialRows } from "./penalty-search.ts";
import { PreprocessingSpec, textSpecOf } from "./preprocessing-spec.ts";
import { checkOffsetUse, checkRowColumns } from "./rows/check-offset.ts";
import { checkSplit, splitColumns } from "./rows/check-split.ts";
import type { CountedDataset } from "./rows/counted-rows.ts";
import { checkCurve, resolveCurve } from "./rows/learning-curve.ts";
import { countTrainRows, resolveSplit } from "./rows/resolve-split.ts";
import { splitSizes } from "./rows/sizes-of-splits.ts";
import { createSpecErrors, type SpecErrors } from "./spec-errors.ts";
import { type SplitSizes, totalSizes } from "./split-sizes.ts";
import { checkColumnNames, checkFeatures, checkLabel, checkTexts } from "./task-checks.ts";
import { columnsByName, countClasses, featureNames } from "./task-columns.ts";
import { checkThreshold } from "./threshold-checks.ts";

/** Columns that split the rows are features only where the task names them: no model has seen the values that it is asked about. */
const defaultFeatures = ({ task, training }: JobSpec, dataset: Dataset): string[] => {
  const aside = splitColumns(training);
  return featureNames(task, dataset).filter((name) => task.features !== undefined || !aside.includes(name));
};

/** Folds keep together what the split does, and the rows that validate inside of a fold what the folds do. */
const withGroups = (spec: JobSpec, dataset: CountedDataset): JobSpec => {
  const { crossValidation, split } = spec.training;
  const by = split.by ?? crossValidation?.by;
  if (crossValidation === undefined || by === undefined) return spec;
  // Of a column that cannot be gone by the checks of the folds tell.
  const counted = (split.time ?? split.column) === undefined && dataset.counted?.groups !== undefined;
  const own = counted ? { ...split, by } : split;
  return { ...spec, training: { ...spec.training, split: own, crossValidation: { ...crossValidation, by } } };
};

/** How texts become inputs, where a feature is one, and of which columns the logarithm is taken: the record says it. */
const withChoices = (given: JobSpec["preprocessing"], task: TaskSpec, dataset: Dataset): JobSpec["preprocessing"] => {
  const columns = columnsByName(dataset);
  const hasTexts = featureNames(task, dataset).some((name) => columns.get(name)?.type === "text");
  const stated = hasTexts ? { ...(given ?? PreprocessingSpec.parse({})), texts: textSpecOf(given) } : given;
  return withLogarithms(stated, task, dataset);
};

/** The record lists the features, so that what is excluded need not be said again. */
const withFeatures = ({ exclude: _, ...task }: TaskSpec, features: string[], base: Model | null): TaskSpec =>
  base ? withBaseFeatures(task, base) : { ...task, features };

const checkInputs = (
  spec: Pick<JobSpec, "task" | "preprocessing">,
  dataset: Dataset,
  errors: SpecErrors,
  model: ModelSpec,
): void => {
  checkImageFeatures(spec, dataset, errors);
  checkTexts(spec, dataset, errors);
  checkColumns(spec, model, dataset, errors);
  checkCategoryInputs(model, spec, dataset, errors);
};

type Training = ResolvedJobSpec["training"];

/** Off where the user has said how long or how firmly to train, where early stopping watches, and where there are too few rows to judge by. */
const defaultSearch = (spec: JobSpec, model: ModelSpec, training: Omit<Training, "penaltySearch">, rows: number) => {
  const { l2, epochs } = spec.training;
  const stated = l2 !== undefined || epochs !== undefined || spec.training.microBatch !== undefined;
  if (!isPerceptron(model) || stated || spec.base || training.earlyStopping) return false;
  const search = PenaltySearch.parse(isLarge(spec.effort) ? { factors: effortFactors } : {});
  const { batchSize } = training;
  return trialRows(rows, batchSize === "full" ? rows : batchSize, search) === null ? false : search;
};

const resolveTraining = (
  spec: JobSpec,
  parts: { model: ModelSpec; loss: LossSpec; split: ResolvedSplitSpec; solver: Solver | undefined },
  data: { trainRows: number; features: number; classes: number; curvature: number },
): Training => {
  const { split, solver } = parts;
  const exact = solver === "exact";
  const { trainRows } = data;
  const { learningCurve, ...training } = spec.training;
  const asked = training.batchSize ?? defaultBatchSize(trainRows);
  // A batch larger than the training split is the whole of it.
  const batchSize = asked === "full" ? asked : Math.min(asked, trainRows);
  const earlyStopping = exact
    ? false
    : (training.earlyStopping ?? (split.validation > 0 ? EarlyStopping.parse({}) : false));
  const batchRows = batchSize === "full" ? trainRows : batchSize;
  const resolved = {
    ...training,
    ...(solver === undefined ? {} : { solver }),
    ...(learningCurve === undefined ? {} : { learningCurve: resolveCurve(learningCurve, trainRows) }),
    split,
    batchSize,
    epochs: training.epochs ?? (exact ? exactIterations : defaultEpochs(parts.model, trainRows, batchRows)),
    earlyStopping,
    l2: training.l2 ?? (exact ? 0 : data.curvature * defaultL2(parts, data)),
  };
  const search = training.penaltySearch ?? defaultSearch(spec, parts.model, resolved, trainRows);
  return {
    ...resolved,
    penaltySearch: search && resolveSearch(search, trainRows, batchRows, split.time !== undefined),
  };
};

const resolveOptimizer = (spec: JobSpec, hasBase: boolean): ResolvedJobSpec["optimizer"] => {
  const optimizer = spec.optimizer ?? defaultOptimizer();
  return { ...optimizer, learningRate: optimizer.learningRate ?? defaultLearningRate(optimizer, hasBase) };
};

const withNetworkPreprocessing = (spec: JobSpec, dataset: Dataset, base: ImportedModel): JobSpec => {
  const preprocessing = networkPreprocessing(spec.preprocessing, onlyImageOf(spec.task, dataset), base);
  return preprocessing === undefined ? spec : { ...spec, preprocessing };
};

/** The model that a job has which names none. */
const ownModel = (
  { effort }: JobSpec,
  task: TaskSpec,
  image: ImageShape | null,
  dataset: Pick<Dataset, "rows" | "columns"> & { numbers: number },
): ModelSpec => {
  if (!isLarge(effort) || image !== null) return defaultModel(task, image);
  const { rows, numbers } = dataset;
  const outputs = Math.max(1, countClasses(task, dataset));
  return ensembleOf(effort, { rows, inputs: numbers, outputs, rowSteps: defaultRowSteps(rows) });
};

const modelOf = (spec: JobSpec, trained: Model | null, imported: boolean, own: ModelSpec): ModelSpec => {
  if (imported) return { type: "network" };
  return trained ? withBaseModel(spec.model, trained) : (spec.model ?? own);
};

/** Columns that split the rows may have been all that there were. */
const checkLeftFeatures = (spec: JobSpec, features: readonly string[], dataset: Dataset, errors: SpecErrors): void => {
  if (features.length === 0 && featureNames(spec.task, dataset).length > 0)
    errors.add(
      "/training/split",
      `leaves no column to learn from: ${splitColumns(spec.training)
        .map((name) => JSON.stringify(name))
        .join(
          ", ",
        )} says which row goes where; name it in task.features if it may be learnt from as well, or upload the file with others`,
    );
};

/** Fits beside the one that is measured. */
const checkFits = (
  training: Training,
  of: { task: TaskSpec; model: ModelSpec; sizes: SplitSizes; base: boolean },
  errors: SpecErrors,
): void => {
  checkRefit(training, of.model, of.sizes, errors);
  checkCurve(training, of, errors);
};

/**
 * Fills in every default, also those that depend on the data, and checks that the job makes sense on this data set. Resolving what was resolved changes nothing.
 * @param dataset with its rows counted, where the split is by groups, by time or by a column
 * @param base the model that `spec.base` names
 * @param cores of the machine that will train, for the default team size
 * Errors: `invalid` (the parts of the spec do not fit each other or name columns that are not there) and `unprocessable` (the data do not allow it), each with
 * pointers and remedies.
 */
export const resolveSpec = (
  given: JobSpec,
  dataset: CountedDataset,
  base?: AnyModel | null,
  cores = 2,
): ResolvedJobSpec => {
  const errors = createSpecErrors();
  checkColumnNames(given.task, dataset, errors);
  checkSplit(given.task, given.training, dataset, errors);
  checkRowColumns(given.task, dataset, errors);
  errors.throwIfAny("invalid");
  const asked = withGroups(given, dataset);
  const imported = base && isImported(base) ? base : null;
  const trained = base && !isImported(base) ? base : null;
  if (trained) checkBase(asked, dataset, trained, errors);
  if (imported) checkImportedBase(asked, dataset, imported, errors);
  checkFineTuning(asked, base ?? null, errors);
  checkEffort(asked, asked.task, hasImages(asked.task, dataset), errors);
  errors.throwIfAny("invalid");
  const spec = imported === null ? asked : withNetworkPreprocessing(asked, dataset, imported);

  const features = defaultFeatures(spec, dataset);
  checkLeftFeatures(spec, features, dataset, errors);
  const task = withFeatures(spec.task, features, trained);
  const preprocessing = trained ? spec.preprocessing : withChoices(spec.preprocessing, task, dataset);
  const stored = onlyImageOf(task, dataset);
  const image = stored && seenImage(stored, preprocessing);
  const numbers = countFeatureNumbers(task, dataset, preprocessing);
  const own = ownModel(spec, task, image, { ...dataset, numbers });
  const named = withQuantile(modelOf(spec, trained, imported !== null, own), spec.loss, errors);
  const model = withImageSize(withEmbeddedCategories(named, task, dataset, preprocessing), image, numbers, errors);
  const loss =
    spec.loss ?? (trained && spec.base?.newHead !== true ? trained.spec.loss : defaultLoss(task, model, dataset));
  checkModelAndLoss(task, model, loss, errors);
  checkPinball(loss, errors);
  checkOffsetUse({ task, base: spec.base }, loss, base ?? null, errors);
  const solver = resolveSolver(spec, { task, model, loss, hasImages: hasImages(task, dataset) }, dataset, errors);
  const split = resolveSplit(spec, dataset, solver, errors);
  checkCrossValidation(spec, { task, model, split, base: trained }, dataset, errors);
  checkAugment(spec.training, stored, model, errors);
  checkEarlyStopping(spec, split.validation, errors);
  checkImage({ task, preprocessing }, model, dataset, errors);
  if (!trained) checkInputs({ task, preprocessing }, dataset, errors, model);
  errors.throwIfAny("invalid");

  checkLabel(task, dataset, errors);
  if (!trained) checkFeatures(spec.task, dataset, errors);
  errors.throwIfAny("unprocessable");
  checkLossOnData(task, loss, dataset, errors);
  checkThreshold({ task, training: spec.training }, split, dataset, errors);
  errors.throwIfAny("unprocessable");
  const trainRows = countTrainRows(task, split, dataset, errors);
  errors.throwIfAny("unprocessable");

  const sizes = totalSizes(splitSizes(task, split, dataset));
  const curvature = countCurvature({ task, model, loss }, dataset);
  const classes = countClasses(task, dataset);
  const resolved = resolveTraining(
    spec,
    { model, loss, split, solver },
    { trainRows, features: numbers, classes, curvature },
  );
  const training = withEffort(spec, resolved, { task, model, loss, sizes });
  checkPenaltySearch(model, training, trainRows, errors);
  checkCalibration(task, { model, classes }, training, errors);
  checkFits(training, { task, model, sizes, base: spec.base !== undefined }, errors);
  checkClusters(spec.training, { model, solver, l2: training.l2 }, dataset, errors);
  errors.throwIfAny("invalid");
  return {
    ...spec,
    ...(preprocessing === undefined ? {} : { preprocessing }),
    name: spec.name ?? `${dataset.name} ${task.type.replaceAll("_", " ")}`.slice(0, limits.nameLength),
    task,
    model,
    loss,
    optimizer: resolveOptimizer(spec, base !== undefined && base !== null),
    training,
    resources: { ...spec.resources, threads: spec.resources.threads ?? Math.max(1, Math.min(4, cores)) },
  };
};
