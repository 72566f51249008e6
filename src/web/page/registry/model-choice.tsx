import type { AnyModel } from "../../../domain/models/model.ts";
import { formatMetric, formatMetricName, headline } from "../format.ts";
import { titleOf } from "./chosen.ts";

const wordsOf = (model: AnyModel): string => {
  const best = headline(model.metrics);
  const result =
    best === null ? "" : ` · ${formatMetricName(best.name).toLowerCase()} ${formatMetric(best.name, best.value)}`;
  return `${titleOf(model)}${"origin" in model ? " · imported" : ""}${result}`;
};

/** A field in which a model is chosen by its name, its version and how good it is. */
export const ModelChoice = ({
  label,
  value,
  none,
  models,
  onChange,
}: {
  label: string;
  value: string | null;
  /** The words for no model. */
  none: string;
  models: readonly AnyModel[];
  onChange: (model: string | null) => void;
}) => (
  <label>
    {label}
    <select
      value={value ?? ""}
      onChange={({ currentTarget }) => onChange(currentTarget.value === "" ? null : currentTarget.value)}
    >
      <option value="">{none}</option>
      {models.map((model) => (
        <option key={model.id} value={model.id}>
          {wordsOf(model)}
        </option>
      ))}
    </select>
  </label>
);
