import type { DateCycle } from "../../domain/datasets/dataset.ts";
import type { FeatureTransform, Preprocessing } from "../../domain/models/model.ts";
import { featureWidth } from "./data-shape.ts";

/** `y 3, x 5, channel 0`, from 0. */
const pixelName = (feature: Extract<FeatureTransform, { type: "image" }>, at: number): string => {
  const { width, channels, channelOrder } = feature;
  const pixel = Math.floor(at / channels);
  const channel = channelOrder === "bgr" ? channels - 1 - (at % channels) : at % channels;
  return `y ${Math.floor(pixel / width)}, x ${pixel % width}, channel ${channel}`;
};

/** What an input of a date says: `days`, `hour sin`, `hour cos`, … */
export const dateInputName = (cycles: readonly DateCycle[], at: number): string =>
  at === 0 ? "days" : `${cycles[(at - 1) >> 1]} ${at % 2 === 1 ? "sin" : "cos"}`;

/** The name of the feature that an input comes from, with its category or "missing" where it is one of several. */
export const inputName = ({ features }: Pick<Preprocessing, "features">, input: number): string => {
  let at = input;
  for (const feature of features) {
    const width = featureWidth(feature);
    if (at >= width) {
      at -= width;
      continue;
    }
    const name = JSON.stringify(feature.column);
    if (feature.type === "image") return `${name} ${pixelName(feature, at)}`;
    if (feature.missingIndicator && at === width - 1) return `${name} missing`;
    switch (feature.type) {
      case "number":
        return name;
      case "category":
        return `${name} = ${JSON.stringify(feature.categories[at])}`;
      case "datetime":
        return `${name} ${dateInputName(feature.cycles, at)}`;
      case "text":
        return `${name} bucket ${at}`;
    }
  }
  return `input ${input}`;
};
