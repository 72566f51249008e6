import { counted } from "../../../domain/counted.ts";
import type { Estimate } from "../../../domain/models/estimate.ts";
import type { Report } from "../../../domain/models/report.ts";
import { figure, type Html, html, nothing, section, shown, table } from "./html.ts";
import { linePlot } from "./plots.ts";

const losses = {
  log_likelihood: "mean −ln p of a row's label",
  squared_error: "mean squared error",
  absolute_error: "mean absolute error",
  pinball: "mean quantile loss",
} as const;

const cell = (estimate: Estimate | null): string => {
  if (estimate === null) return "–";
  const { value, lower, upper } = estimate;
  return lower === null || upper === null ? shown(value) : `${shown(value)} (${shown(lower)} to ${shown(upper)})`;
};

/** Is more data worth it: the same model on parts of the training rows. */
export const curveSection = (report: Report): Html => {
  const curve = "learningCurve" in report ? report.learningCurve : null;
  if (curve === null) return nothing;
  const { measure, rows, points } = curve;
  const of = (pick: (loss: Estimate) => number | null): (readonly [number, number])[] =>
    points.flatMap(({ trainRows, loss }) => {
      const value = loss && pick(loss);
      return value === null ? [] : [[trainRows, value] as const];
    });
  const ends = [of(({ lower }) => lower), of(({ upper }) => upper)].map((line) => ({ points: line, faint: true }));
  const plot = linePlot("learning curve", [...ends, { points: of(({ value }) => value), dots: true }], {
    ...{ x: "training rows (observations)", y: losses[measure], xs: [0] },
  });
  const score = report.task === "classification" ? "accuracy" : "root mean squared error";
  const heads = ["training rows", losses[measure], "less than the one before, paired", score];
  const faults = points.flatMap(({ fault, trainRows }) =>
    fault === null ? [] : [html`<li>${counted(trainRows, "row")}: ${fault}</li>`],
  );
  return section(
    "Is more data worth it?",
    figure(
      plot,
      `The same model, fitted to (trained on) parts of the training rows, each a part of the next; 95 % intervals (thin); n = ${counted(rows, "row")} of the test split, the same for all.`,
    ),
    table(
      heads,
      points.map(({ trainRows, loss, gain, accuracy, rootMeanSquaredError }) => [
        ...[trainRows, cell(loss), cell(gain)],
        cell(accuracy ?? rootMeanSquaredError),
      ]),
    ),
    faults.length === 0 ? nothing : html`<ul class="notes">${faults}</ul>`,
  );
};
