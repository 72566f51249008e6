import type { Column, Dataset } from "../../../datasets/dataset.ts";
import { seenImage } from "../image-features.ts";
import type { TaskSpec } from "../job-spec.ts";
import type { PreprocessingSpec } from "../preprocessing-spec.ts";
import { textSpecOf } from "../preprocessing-spec.ts";
import { columnsByName, featureNames } from "../task-columns.ts";

/** How many inputs a column becomes. */
export const columnWidth = (column: Column, preprocessing: PreprocessingSpec | undefined): number => {
  if (column.image !== undefined) {
    const { height, width, channels } = seenImage(column.image, preprocessing);
    return height * width * channels;
  }
  const indicator = column.missing > 0 ? 1 : 0;
  if (column.type === "number") return 1 + indicator;
  if (column.type === "datetime") return 1 + 2 * (column.dates?.cycles.length ?? 0) + indicator;
  if (column.type === "text") return textSpecOf(preprocessing).buckets + indicator;
  return (column.categories?.length ?? 0) + indicator;
};

/** How many inputs the features become; those that the data set does not have are none. */
export const countInputs = (task: TaskSpec, dataset: Dataset, preprocessing: PreprocessingSpec | undefined): number => {
  const columns = columnsByName(dataset);
  return featureNames(task, dataset).reduce((sum, name) => {
    const column = columns.get(name);
    return column === undefined ? sum : sum + columnWidth(column, preprocessing);
  }, 0);
};
