import type { Dataset } from "../../../datasets/dataset.ts";
import type { TaskSpec } from "../job-spec.ts";
import { isPerceptron, type ModelSpec } from "../model-spec.ts";
import type { CategoryInputs } from "../parts/mlp-spec.ts";
import type { PreprocessingSpec } from "../preprocessing-spec.ts";
import { columnsByName, featureNames } from "../task-columns.ts";
import { dimensionsOf } from "./column-options.ts";
import { columnWidth } from "./column-width.ts";

/** Which of the inputs are categories that are embedded. */
const categoryInputs = (task: TaskSpec, dataset: Dataset, preprocessing: PreprocessingSpec): CategoryInputs[] => {
  const columns = columnsByName(dataset);
  const found: CategoryInputs[] = [];
  let first = 0;
  for (const name of featureNames(task, dataset)) {
    const column = columns.get(name);
    if (column === undefined) continue;
    const dimensions = dimensionsOf(preprocessing, column);
    if (dimensions !== null) found.push({ first, levels: column.categories?.length ?? 0, dimensions });
    first += columnWidth(column, preprocessing);
  }
  return found;
};

/** The model with the embeddings that the preprocessing asks for: they are its weights. */
export const withEmbeddedCategories = (
  model: ModelSpec,
  task: TaskSpec,
  dataset: Dataset,
  preprocessing: PreprocessingSpec | undefined,
): ModelSpec => {
  if (preprocessing === undefined || !isPerceptron(model)) return model;
  const categories = categoryInputs(task, dataset, preprocessing);
  if (categories.length === 0) return model;
  if (model.type === "mlp") return { ...model, categories: model.categories ?? categories };
  return {
    ...model,
    members: model.members.map((member) => ({ ...member, categories: member.categories ?? categories })),
  };
};
