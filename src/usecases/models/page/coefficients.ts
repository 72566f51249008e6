import { counted } from "../../../domain/counted.ts";
import type { Coefficient, Inference, Solution, Uncertainty } from "../../../domain/models/inference.ts";
import type { TrainingFit } from "../../../domain/models/parts/training-fit.ts";
import type { Report } from "../../../domain/models/report.ts";
import { type Html, html, nothing, section, shown, table } from "./html.ts";

const mostTerms = 200;
const cell = (value: number | null): string => (value === null ? "–" : shown(value));
const between = (lower: number | null, upper: number | null): string =>
  lower === null || upper === null ? "–" : `${shown(lower)} to ${shown(upper)}`;

const nameOf = ({ term, class: of }: Coefficient): string => (of === undefined ? term : `${term} (${of})`);

const uncertain = ["standard error", "z or t", "p", "95 % interval"] as const;
const toCells = ({ standardError, statistic, pValue, lower, upper }: Uncertainty | Coefficient): string[] => [
  ...[standardError, statistic, pValue].map(cell),
  between(lower, upper),
];

/** Columns that say something of one term at least. */
const estimatesTable = (coefficients: readonly Coefficient[]): Html => {
  const hasRatios = coefficients.some(({ ratio }) => ratio !== null);
  const hasInflation = coefficients.some(({ varianceInflation }) => varianceInflation !== null);
  const heads = [
    ...["term", "estimate", ...uncertain],
    ...(hasRatios ? ["ratio e^estimate", "95 % interval"] : []),
    ...(hasInflation ? ["variance inflation"] : []),
  ];
  const rows = coefficients.map((own) => [
    ...[nameOf(own), cell(own.estimate), ...toCells(own)],
    ...(hasRatios
      ? own.ratio === null
        ? ["", ""]
        : [shown(own.ratio.value), between(own.ratio.lower, own.ratio.upper)]
      : []),
    ...(hasInflation ? [own.varianceInflation === null ? "" : shown(own.varianceInflation)] : []),
  ]);
  return table(heads, rows);
};

/** The same estimates under other assumptions. */
const errorsTable = (
  coefficients: readonly Coefficient[],
  errorsOf: (coefficient: Coefficient) => Uncertainty | null,
  caption: string,
): Html => {
  const rows = coefficients.flatMap((own) => {
    const errors = errorsOf(own);
    return errors === null ? [] : [[nameOf(own), ...toCells(errors)]];
  });
  return rows.length === 0 ? nothing : html`<p>${caption}</p>${table(["term", ...uncertain], rows)}`;
};

const testCells = ({
  statistic,
  distribution,
  degrees,
  residualDegrees,
  pValue,
}: Inference["features"][number] | NonNullable<Inference["overall"]>): string[] => [
  shown(statistic),
  distribution === "F" ? `F(${degrees}, ${residualDegrees})` : `χ²(${degrees})`,
  shown(pValue),
];

const testsTable = ({ overall, features }: Inference): Html => {
  const rows = [
    ...(overall === null ? [] : [["all of them", ...testCells(overall)]]),
    ...features.slice(0, mostTerms).map((test) => [test.feature, ...testCells(test)]),
  ];
  if (rows.length === 0) return nothing;
  return html`<p>Tests against the model without the explanatory variable (feature), with all its terms.</p>${table(["left out", "statistic", "of", "p"], rows)}`;
};

const influenceTable = ({ influence }: Inference): Html => {
  if (influence === null) return nothing;
  const rows = influence.largest.map(({ row, leverage, cooksDistance, residual }) => [
    row,
    ...[cooksDistance, leverage, residual].map(shown),
  ]);
  return html`<p>Rows that the estimates depend on most; the mean leverage is ${shown(influence.meanLeverage)}, residuals are label − fitted value.</p>${table(["row of the data set, from 0", "Cook's distance", "leverage", "residual"], rows)}`;
};

/** What a distribution has beside its mean, and how far a quantile is explained. */
const besideOf = ({ shape, quantile }: Inference): Html => {
  if (quantile !== null)
    return html`<p>The label's ${shown(quantile.level)} quantile; explained (R¹) ${cell(quantile.explained)}; standard errors by a kernel sandwich.</p>`;
  if (shape === null) return nothing;
  const [name, variance] = shape.name === "theta" ? ["θ", "μ + μ²/θ"] : ["α", "μ²/α"];
  return html`<p>Variance ${variance} at a mean of μ, ${name} = ${shown(shape.estimate)}, standard error ${shown(shape.standardError)}.</p>`;
};

const solvedBy: Readonly<Record<Solution["method"], string>> = {
  qr: "least squares by QR",
  newton: "Newton's method",
  lbfgs: "L-BFGS",
  simplex: "a linear program",
};

const fitTable = (fit: TrainingFit, inference: Inference | null, solution: Solution | null): Html => {
  const { rows, logLikelihood, deviance, nullDeviance } = fit;
  const facts: (readonly [string, string | number])[] = [
    ["n, rows that it was estimated from (trained on)", rows],
    ["deviance", shown(deviance)],
    ["null deviance", shown(nullDeviance)],
    ...(nullDeviance > 0
      ? [["share of it that is explained, on these rows", shown(1 - deviance / nullDeviance)] as const]
      : []),
    ["log-likelihood", cell(logLikelihood)],
  ];
  if (inference !== null) {
    const { dispersion, aic, bic, residualDegrees } = inference;
    facts.push(["residual degrees of freedom", residualDegrees], ["AIC", cell(aic)], ["BIC", cell(bic)]);
    if (dispersion !== null) facts.push(["dispersion: Pearson's χ² by the residual degrees", shown(dispersion)]);
  }
  if (solution !== null) {
    const end = solution.converged ? "" : ", without an end";
    const penalty = solution.l2 > 0 ? `, l2 ${shown(solution.l2)}` : ", no penalty";
    facts.push([
      "solved by",
      `${solvedBy[solution.method]}, ${counted(solution.iterations, "iteration")}${end}${penalty}`,
    ]);
  }
  return table(["", ""], facts);
};

/** Estimates of a linear model, in the units of the data, and what can be inferred about them from the training rows. */
export const coefficientsSection = (report: Report): Html => {
  if (report.task !== "classification" && report.task !== "regression") return nothing;
  const { coefficients, trainingFit, inference, solution } = report;
  if (coefficients === null || coefficients.length === 0) return nothing;
  const listed = coefficients.slice(0, mostTerms);
  const rest = coefficients.length - mostTerms;
  const clusters = inference?.clusters;
  return section(
    "Coefficients",
    trainingFit === null ? nothing : fitTable(trainingFit, inference, solution),
    inference === null ? nothing : besideOf(inference),
    estimatesTable(listed),
    errorsTable(listed, ({ robust }) => robust, "Errors that hold whatever the variance of each row is (HC3)."),
    errorsTable(
      listed,
      ({ clustered }) => clustered,
      `Errors by cluster${clusters ? ` of ${JSON.stringify(clusters.column)}, ${clusters.clusters} of them` : ""}: rows of one may depend on each other.`,
    ),
    rest > 0 ? html`<p>and ${rest} more, in the report's JSON</p>` : nothing,
    ...(inference === null ? [] : [testsTable(inference), influenceTable(inference)]),
  );
};
