import { counted } from "../../../domain/counted.ts";
import type { Estimate } from "../../../domain/models/estimate.ts";
import type { Report } from "../../../domain/models/report.ts";
import { figuresOf, measuredOn } from "../card/card-report.ts";
import { figure, type Html, html, nothing, section, shown, table } from "./html.ts";
import { intervalPlot, linePlot, matrixPlot } from "./plots.ts";

type Classification = Extract<Report, { task: "classification" }>;
type Regression = Extract<Report, { task: "regression" }>;

const interval = ({ lower, upper }: Estimate): string =>
  lower === null || upper === null ? "unknown" : `${shown(lower)} to ${shown(upper)}`;

/** The rows that a figure is of, in a caption. */
const of = ({ rows, split }: Pick<Report, "rows" | "split">): string => {
  const word = rows === 1 ? "row" : "rows";
  return `n = ${rows}, ${split === "out_of_fold" ? `out-of-fold ${word}` : `${word} of the ${split} split`}`;
};

const figuresTable = (report: Report): Html =>
  table(
    ["", "estimate", "95 % interval"],
    figuresOf(report).flatMap(([name, value]) =>
      value === null
        ? []
        : [typeof value === "number" ? [name, shown(value), ""] : [name, shown(value.value), interval(value)]],
    ),
  );

const shares = (report: Report): { name: string; estimate: Estimate }[] => {
  const given =
    report.task === "classification"
      ? [
          ["accuracy", report.accuracy] as const,
          ["area under the ROC curve", report.areaUnderRoc] as const,
          ["deviance explained", report.devianceExplained] as const,
        ]
      : report.task === "regression"
        ? [["R²", report.r2] as const, ["deviance explained", report.devianceExplained] as const]
        : [];
  return given.flatMap(([name, estimate]) => (estimate === null ? [] : [{ name, estimate }]));
};

const notes = ({ notes: said }: Report): Html =>
  said.length === 0 ? nothing : html`<ul class="notes">${said.map(({ message }) => html`<li>${message}</li>`)}</ul>`;

/** How good the model is, and what cannot be said. */
export const goodSection = (report: Report): Html => {
  const scaled = shares(report);
  const plot =
    scaled.length === 0
      ? nothing
      : figure(
          intervalPlot("shares with their intervals", scaled, [0, 1]),
          `Estimates and 95 % intervals; ${of(report)}.`,
        );
  return section("How good it is", html`<p>${measuredOn(report)}</p>`, figuresTable(report), plot, notes(report));
};

const mostClasses = 40;

const confusion = (report: Classification): Html => {
  const { confusion: counts, classes } = report;
  if (counts === null || classes.length > mostClasses) return nothing;
  const labels = classes.map(({ label }) => label);
  return figure(matrixPlot("confusion", labels, counts), `Rows by truth (down) and answer (across); ${of(report)}.`);
};

const perClass = (report: Classification): Html => {
  const shownClasses = report.classes.slice(0, mostClasses);
  const rows = shownClasses.map(({ label, rows: count, predicted, precision, recall }) => {
    const cells = [precision, recall].flatMap((each) =>
      each === null ? ["–", ""] : [shown(each.value), interval(each)],
    );
    return [label, count, predicted, ...cells];
  });
  const rest = report.classes.length - shownClasses.length;
  return html`${table(["class", "rows", "answered", "precision", "95 % interval", "recall", "95 % interval"], rows)}${rest > 0 ? html`<p>and ${counted(rest, "more class", "more classes")}</p>` : null}`;
};

const calibration = (report: Classification): Html => {
  const points = report.calibration.map(({ confidence, accuracy }) => [confidence, accuracy] as const);
  if (points.length === 0) return nothing;
  const axes = { x: "confidence", y: "share of right answers", xs: [0, 1], ys: [0, 1], diagonal: true };
  const plot = linePlot("calibration", [{ points, dots: true }], axes);
  return figure(
    plot,
    `Calibration in ${points.length} bins of equally many rows: on the line, probabilities are what they say; ${of(report)}.`,
  );
};

const operating = (report: Classification): Html => {
  const { operating: told } = report;
  if (told === null) return nothing;
  const roc = told.points.map(
    ({ falsePositiveRate, truePositiveRate }) => [falsePositiveRate, truePositiveRate] as const,
  );
  const recall = told.points.map(({ truePositiveRate, precision }) => [truePositiveRate, precision] as const);
  const unit = { xs: [0, 1], ys: [0, 1] };
  const curves = linePlot("ROC curve", [{ points: [[0, 0], ...roc, [1, 1]] }], {
    ...{ x: "false positive rate (1 − specificity)", y: "true positive rate (sensitivity)" },
    ...{ ...unit, diagonal: true },
  });
  const precision = linePlot("precision and recall", [{ points: recall }], { x: "recall", y: "precision", ...unit });
  return html`${figure(curves, `ROC curve of ${JSON.stringify(told.positive)}, ${told.thresholds} thresholds; ${of(report)}.`)}
${figure(precision, `Precision and recall; average precision ${shown(told.averagePrecision)}, best F1 at ${shown(told.bestF1)}; ${of(report)}.`)}`;
};

const residuals = (report: Regression): Html => {
  const { quantiles, standardDeviation } = report.residuals;
  const points = quantiles.map(({ share, value }) => [share, value] as const);
  const plot = linePlot("residuals", [{ points, dots: true }], {
    ...{ x: "share of the rows below", y: "prediction − truth" },
    ...{ xs: [0, 1], ys: [0] },
  });
  return figure(
    plot,
    `Quantiles of the residuals${standardDeviation === null ? "" : `, whose standard deviation is ${shown(standardDeviation)}`}; ${of(report)}.`,
  );
};

/** Plots of a classification's or a regression's errors. */
export const errorsSection = (report: Report): Html => {
  if (report.task === "classification")
    return section("Its errors", confusion(report), perClass(report), calibration(report), operating(report));
  if (report.task === "regression") return section("Its errors", residuals(report), fifths(report));
  if (report.task === "reconstruction") {
    const points = report.quantiles.map(({ share, value }) => [share, value] as const);
    const plot = linePlot("errors", [{ points, dots: true }], {
      x: "share of the rows below",
      y: "squared error",
      xs: [0, 1],
      ys: [0],
    });
    return section("Its errors", figure(plot, `Quantiles of the rows' errors; ${of(report)}.`));
  }
  const points = report.criteria.map(({ k, value }) => [k, value] as const);
  const cell = (value: number | null): string => (value === null ? "" : shown(value));
  const rows = report.clusters.map(({ trainRows, rows: held, weight, stability, silhouette }, i) => [
    ...[i, trainRows, held],
    ...[weight, stability, silhouette].map(cell),
  ]);
  const { stability, columns } = report;
  const found =
    stability === null
      ? nothing
      : html`<p>Fitted again to ${stability.resamples} halves of ${stability.rows} training rows, the division agrees with this one to ${shown(stability.adjustedRand)} (adjusted Rand index: 1 the same, 0 chance); stability is each cluster's mean Jaccard similarity with the most similar one.</p>`;
  const telling =
    columns.length === 0
      ? nothing
      : table(
          ["column (explanatory variable)", "share of its variance between the clusters"],
          columns.slice(0, mostClasses).map(({ column, between }) => [column, shown(between)]),
        );
  const plot =
    points.length < 2
      ? nothing
      : figure(
          linePlot("criterion", [{ points, dots: true }], { x: "k", y: report.criteria[0]?.criterion ?? "" }),
          "What the choice of k went by, on the training rows.",
        );
  return section(
    "Clusters",
    table(["cluster", "training rows", `rows (${of(report)})`, "weight", "stability", "silhouette"], rows),
    found,
    telling,
    plot,
  );
};

const fifths = (report: Regression): Html => {
  const { conformal } = report;
  if (conformal === null || conformal === undefined || !("byFifth" in conformal)) return nothing;
  // Of fewer rows than five there are none.
  if (conformal.byFifth.length === 0) return nothing;
  if (conformal.type === "fold_intervals" || conformal.type === "leave_one_out") {
    const rows = conformal.byFifth.map(({ from, to, rows: own, held }) => [
      `${shown(from)} … ${shown(to)}`,
      own,
      shown(held),
    ]);
    return html`<p>Coverage of intervals that are to hold 90 of 100 rows, by fifths of the predictions; n = ${conformal.rows}, each by a model that has not seen it.</p>${table(["predictions", "rows", "held"], rows)}`;
  }
  const rows = conformal.byFifth.map(({ from, to, rows: held, adaptive, marginal }) => [
    `${shown(from)} … ${shown(to)}`,
    held,
    shown(adaptive),
    shown(marginal),
  ]);
  return html`<p>Coverage of intervals that are to hold 90 of 100 rows, by fifths of the predictions; n = ${conformal.rows}.</p>${table(["predictions", "rows", "adaptive", "marginal"], rows)}`;
};
