import { isStraight, type Preprocessing } from "../../domain/models/model.ts";
import { featureWidth } from "./data-shape.ts";

/** The same inputs in the data's own units: numbers, or their logarithms, as they stand in the file, and so is the label. Bent ones have no other units than their inputs. */
export const inOwnUnits = ({ features, label, ...rest }: Preprocessing): Preprocessing => ({
  ...rest,
  features: features.map((feature) => {
    if (!isStraight(feature)) return feature;
    const { clip: _, ...transform } = feature;
    return { ...transform, mean: 0, scale: 1 };
  }),
  label: label.type === "number" ? { ...label, mean: 0, scale: 1 } : label,
});

/** Puts the training mean where a number is missing, as standardising does: with the indicator, so that the mean itself does not matter. */
export const fillMissing = ({ features, inputs }: Preprocessing, rows: Float64Array): void => {
  let at = 0;
  for (const feature of features) {
    const width = featureWidth(feature);
    if (isStraight(feature) && feature.missingIndicator)
      for (let start = at; start < rows.length; start += inputs)
        if (rows[start + width - 1] === 1) rows[start] = feature.mean;
    at += width;
  }
};

/** (x − mean)/scale of the number inputs, in place. */
export const standardise = ({ features, inputs }: Preprocessing, rows: Float64Array): void => {
  let at = 0;
  for (const feature of features) {
    if (isStraight(feature)) {
      const { mean, scale } = feature;
      for (let start = at; start < rows.length; start += inputs) rows[start] = (rows[start]! - mean) / scale;
    }
    at += featureWidth(feature);
  }
};
