import type { Dataset } from "../../../src/domain/datasets/dataset.ts";
import type { TenantId } from "../../../src/domain/ids.ts";
import type { Model } from "../../../src/domain/models/model.ts";
import type { Prediction } from "../../../src/domain/models/predictions/prediction.ts";
import { plainDialect } from "../../../src/formats/csv/csv-dialect.ts";
import { type CsvRecord, cellText } from "../../../src/formats/csv/csv-record.ts";
import { scanCsv } from "../../../src/formats/csv/csv-scanner.ts";
import { rowsWhere } from "../../../src/stats/order-of.ts";
import type { ArtifactStore } from "../../../src/store/artifacts/artifact-store.ts";
import { heldOutOf } from "../../../src/store/artifacts/model-files.ts";
import { corrupt, openVerified } from "../../../src/store/artifacts/verified.ts";

/** Visits what a model said of the rows that its report is about: of a row that was held out in several repeats the first time. */
const visitHeldOut = async (
  artifacts: ArtifactStore,
  tenant: TenantId,
  model: Model,
  visit: (row: number, record: CsvRecord, columns: readonly string[]) => void,
): Promise<void> => {
  const file = heldOutOf(tenant, model);
  if (file === null) throw corrupt(`the held-out predictions of ${model.id}`, "are not there");
  let columns: readonly string[] = [];
  // Names of classes are in the first line, which may be longer than names of a table's columns.
  const handlers = {
    header: () => {},
    record: (record: CsvRecord) => {
      const [, repeat] = columns;
      if (columns.length === 0) columns = Array.from({ length: record.cells }, (_, i) => cellText(record, i));
      else if (repeat !== "repeat" || cellText(record, 1) === "1") visit(Number(cellText(record, 0)), record, columns);
      return true;
    },
  };
  const dialect = { ...plainDialect, header: "absent" } as const;
  await scanCsv(await openVerified(artifacts, file.key, file.check, file.what), handlers, dialect);
};

/** The rows of a data set, ascending, that were held out from each of the models, which learnt from others of it. */
export const unseenRows = async (
  artifacts: ArtifactStore,
  tenant: TenantId,
  models: readonly Model[],
  { rows }: Dataset,
): Promise<Int32Array> => {
  const heldOutFrom = new Uint16Array(rows);
  for (const model of models)
    await visitHeldOut(artifacts, tenant, model, (row) => {
      heldOutFrom[row]! += 1;
    });
  return rowsWhere(rows, (row) => heldOutFrom[row] === models.length);
};

/** What a model said of these rows of its data set when they were held out, in their order. */
export const heldOutAnswers = async (
  artifacts: ArtifactStore,
  tenant: TenantId,
  model: Model,
  places: readonly number[],
): Promise<Prediction[]> => {
  const at = new Map(places.map((place, i) => [place, i]));
  const answers: Prediction[] = [];
  const { label } = model.preprocessing;
  await visitHeldOut(artifacts, tenant, model, (row, record, columns) => {
    const i = at.get(row);
    if (i === undefined) return;
    const predictionAt = columns.indexOf("prediction");
    const prediction = cellText(record, predictionAt);
    if (label.type !== "classes") answers[i] = { value: Number(prediction) };
    else {
      const probabilities = label.classes.map(
        (name, k) => [name, Number(cellText(record, predictionAt + 1 + k))] as const,
      );
      answers[i] = { label: prediction, probabilities: Object.fromEntries(probabilities) };
    }
  });
  return answers;
};
