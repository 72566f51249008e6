import { counted } from "../../../domain/counted.ts";
import type { Estimate } from "../../../domain/models/estimate.ts";
import type { Report } from "../../../domain/models/report.ts";
import { plain, section, table } from "./markdown.ts";

const number = (value: number): string => String(Number(value.toPrecision(4)));

const interval = ({ lower, upper }: Estimate): string =>
  lower === null || upper === null ? "unknown" : `${number(lower)} to ${number(upper)}`;

type Figure = readonly [string, Estimate | number | null];

const ofQuantile = (below: Extract<Report, { task: "regression" }>["below"]): readonly Figure[] =>
  below === null
    ? []
    : [
        [`share of the labels below their predicted quantile, ${below.quantile}`, below.share],
        ["quantile loss of a row", below.pinball],
      ];

const ofInterval = (between: Extract<Report, { task: "regression" }>["between"]): readonly Figure[] =>
  between === null
    ? []
    : [
        [`share of the labels between their two quantiles, ${between.interval}`, between.share],
        ["width between the two quantiles", between.width],
      ];

/** What says how good a model is, in the words of its task. */
export const figuresOf = (report: Report): readonly Figure[] => {
  switch (report.task) {
    case "classification":
      return [
        ["accuracy", report.accuracy],
        ["accuracy of always answering the most frequent class", report.baselineAccuracy],
        ["log-likelihood of a row", report.logLikelihood],
        ["area under the ROC curve", report.areaUnderRoc],
        ["Brier score", report.brier],
        ["calibration error", report.calibrationError],
        ["calibration error by chance alone", report.calibrationErrorByChance],
      ];
    case "regression":
      return [
        ["R²", report.r2],
        ["root mean squared error", report.rootMeanSquaredError],
        ["mean absolute error", report.meanAbsoluteError],
        ["mean of prediction − truth", report.bias],
        ["log-likelihood of a row", report.logLikelihood],
        ...ofQuantile(report.below),
        ...ofInterval(report.between),
      ];
    case "clustering":
    case "density_estimation":
      return [
        ["clusters", report.k],
        ["distance of a row from its centre", report.meanDistance],
        ["log-likelihood of a row", report.logLikelihood],
      ];
    case "reconstruction":
      return [["mean squared error of a row, in standard deviations", report.meanSquaredError]];
  }
};

const rowOf = ([name, value]: Figure): readonly (readonly string[])[] => {
  if (value === null) return [];
  return typeof value === "number" ? [[name, number(value), ""]] : [[name, number(value.value), interval(value)]];
};

/** What every figure of a report is about. */
export const measuredOn = (report: Report): string => {
  const { split, rows } = report;
  const weights = "weights" in report ? report.weights : null;
  const by =
    weights === null
      ? ""
      : `, weighted by column ${JSON.stringify(weights.column)} (effective n = ${number(weights.effectiveRows)}),`;
  const of = `Measured on ${counted(rows, "row")}${by}`;
  if (split === "train") return `${of} that it was trained on, as none were held out: too good to be true of others.`;
  if (split === "out_of_fold")
    return `${of}${by === "" ? "," : ""} each predicted by a model of the cross-validation that did not learn from it.`;
  if (report.notes.some(({ code }) => code === "seen_by_base"))
    return `${of} of the ${split} split, which the model that it started from has learnt from, at least in part: too good to be true of others.`;
  return `${of} of the ${split} split, which training did not see.`;
};

/** How good the model is, and what cannot be said of it. */
export const reportSection = (report: Report): string => {
  const notes = report.notes.map(({ message }) => `- ${plain(message)}`).join("\n");
  return section(
    "How good it is",
    measuredOn(report),
    table(["", "value", "95 % interval"], figuresOf(report).flatMap(rowOf)),
    notes,
  );
};
