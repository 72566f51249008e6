import { expect, test } from "vitest";
import type { Comparison } from "../../../src/domain/models/comparison.ts";
import type { Model } from "../../../src/domain/models/model.ts";
import type { Report } from "../../../src/domain/models/report.ts";
import { reportClassification } from "../../../src/stats/classification-report.ts";
import { compareAnswered, measureClasses } from "../../../src/stats/compare-models.ts";
import { conformalIntervals } from "../../../src/stats/conformal/conformal-report.ts";
import { reportRegression } from "../../../src/stats/regression-report.ts";
import { reportReconstruction } from "../../../src/stats/unsupervised-report.ts";
import { createAxis } from "../../../src/usecases/models/page/axes.ts";
import { comparisonPage } from "../../../src/usecases/models/page/comparison-page.ts";
import { html } from "../../../src/usecases/models/page/html.ts";
import { reportPage } from "../../../src/usecases/models/page/report-page.ts";

const hostile = `<img src=x onerror="alert(1)"> & 'so' \u2028`;
const estimate = { value: 0.4, lower: 0.1, upper: 0.9 };

const model = {
  ...{ id: "mdl_01JD0000000000000000000000", name: hostile, job: "job_01JD0000000000000000000000", dataset: null },
  ...{ base: null, task: { type: "classification", label: hostile }, parameters: 12, metrics: {}, version: 3 },
  spec: { model: { type: "mlp" }, loss: { type: "cross_entropy" }, optimizer: { type: "adam" }, training: {} },
  ...{ digest: "sha256:00", createdAt: "2026-11-26T00:00:00Z" },
  preprocessing: {
    features: [hostile, "other"].map((column) => ({
      ...{ type: "number", column, mean: 0, scale: 1, missingIndicator: false },
    })),
    ...{ label: { type: "classes", column: hostile, classes: ["a", hostile] }, inputs: 2, outputs: 2 },
  },
} as unknown as Model;

/** Every tag that is opened is closed, in order. */
const expectBalanced = (page: string): void => {
  const open: string[] = [];
  const single = new Set(["meta", "br", "img"]);
  for (const [, closing, name, end] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*?(\/?)>/g)) {
    if (closing === "/") expect(open.pop()).toBe(name);
    else if (end !== "/" && !single.has(name!)) open.push(name!);
  }
  expect(open).toEqual([]);
};

const pageOf = (report: Report): string => requireSound(reportPage({ model, dataset: null, report }));

const requireSound = (page: string): string => {
  expectBalanced(page);
  // Values of attributes are texts: what is left are tags and the names of their attributes.
  const tags = page.replaceAll(/="[^"]*"/g, '=""');
  expect(tags.match(/<script|<img|<[^>]* (?:src|href|on\w+)=|url\(|NaN|undefined|Infinity/g)).toBeNull();
  expect(page).not.toMatch(/NaN|undefined|Infinity/);
  return page;
};

const classification = (): Report => {
  const rows = 60;
  const chance = (i: number): number => 0.05 + (0.9 * ((i * 37) % 61)) / 61;
  const probabilities = Float64Array.from({ length: 2 * rows }, (_, at) => {
    const second = chance(at >> 1);
    return at % 2 === 1 ? second : 1 - second;
  });
  const truths = Int32Array.from({ length: rows }, (_, i) => (chance(i) > 0.4 + 0.3 * ((i % 5) / 5) ? 1 : 0));
  const common = {
    split: "test" as const,
    classes: ["a", hostile],
    trainCounts: [50, 50],
    distribution: "categorical",
  };
  const report = reportClassification({ ...common, probabilities, truths });
  return {
    ...report,
    notes: [{ code: "x", message: hostile }],
    explained: {
      ...{ measure: "log_likelihood", rows, repeats: 5, groups: [], dependenceRows: 40 },
      columns: [{ column: hostile, importance: estimate }],
      dependence: [
        {
          ...{ column: hostile, values: ["u", "v"], answers: [{ class: hostile, mean: [0.2, 0.6] }] },
          individual: [{ cell: "u", class: hostile, values: [0.1, 0.7] }],
        },
      ],
    },
    coefficients: [
      {
        ...{
          term: hostile,
          estimate: 1.25,
          standardError: 0.5,
          statistic: 2.5,
          pValue: 0.0124,
          lower: 0.27,
          upper: 2.23,
        },
        ...{ ratio: null, robust: null, clustered: null, varianceInflation: null },
      },
    ],
  };
};

test("a classification's report is a page with its plots and both vocabularies, in which names are texts", () => {
  const page = pageOf(classification());
  expect(page).toContain("&lt;img src=x onerror=&quot;alert(1)&quot;&gt; &amp; &#39;so&#39;");
  for (const words of [
    "parameters (weights)",
    "response (label)",
    "explanatory variables (features)",
    "estimation (learning)",
  ])
    expect(page).toContain(words);
  const plots = [...page.matchAll(/<svg role="img" aria-label="([^"]*)"/g)].map(([, title]) => title);
  expect(plots.slice(0, 6)).toEqual([
    ...["shares with their intervals", "confusion", "calibration", "ROC curve", "precision and recall", "importance"],
  ]);
  expect(page).toContain("n = 60, rows of the test split");
  expect(page).toContain("<td>1.25</td><td>0.5</td><td>2.5</td><td>0.0124</td><td>0.27 to 2.23</td>");
});

test("what is inferred about coefficients is on the page, each kind of error in a table of its own", () => {
  const errors = { standardError: 0.625, statistic: 2, pValue: 0.0455, lower: 0.025, upper: 2.475 };
  const ofTest = {
    statistic: 6.5,
    distribution: "chi-squared" as const,
    degrees: 3,
    residualDegrees: null,
    pValue: 0.0897,
  };
  const report = classification();
  if (report.task !== "classification") throw new Error("not a classification");
  const [term] = report.coefficients!;
  const page = pageOf({
    ...report,
    coefficients: [{ ...term!, robust: errors, clustered: { ...errors, standardError: 0.75 }, varianceInflation: 4.5 }],
    trainingFit: { rows: 50, logLikelihood: -20.5, deviance: 41, nullDeviance: 82 },
    inference: {
      ...{ rows: 50, parameters: 2, residualDegrees: 48, dispersion: 1.5, aic: 45, bic: 48.75 },
      ...{
        overall: ofTest,
        features: [{ feature: hostile, ...ofTest, statistic: 5.5, distribution: "F", residualDegrees: 48 }],
      },
      ...{ shape: null, quantile: null, covariance: null, clusters: { column: hostile, clusters: 12 } },
      influence: { meanLeverage: 0.04, largest: [{ row: 7, leverage: 0.25, cooksDistance: 1.25, residual: -0.5 }] },
    },
  });
  const name = "&lt;img src=x onerror=&quot;alert(1)&quot;&gt; &amp; &#39;so&#39; \u2028";
  for (const cells of [
    ["share of it that is explained, on these rows", "0.5"],
    ["AIC", "45"],
    ["BIC", "48.75"],
    [name, "1.25", "0.5", "2.5", "0.0124", "0.27 to 2.23", "4.5"],
    [name, "0.625", "2", "0.0455", "0.025 to 2.475"],
    [name, "0.75", "2", "0.0455", "0.025 to 2.475"],
    ["all of them", "6.5", "χ²(3)", "0.0897"],
    [name, "5.5", "F(3, 48)", "0.0897"],
    ["7", "1.25", "0.25", "-0.5"],
  ])
    expect(page).toContain(`<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`);
  expect(page).toContain(", 12 of them");
});

test("so are those of the other tasks, as far as they say something", () => {
  const truths = Float64Array.from({ length: 40 }, (_, i) => i);
  const predictions = truths.map((value, i) => value + ((i * 7) % 5) - 2);
  const regression = reportRegression({ split: "test", truths, predictions, likelihood: null, counts: false });
  expect(pageOf(regression)).toContain("Quantiles of the residuals");
  const constant = reportRegression({
    ...{ split: "test", likelihood: null, counts: false },
    truths: Float64Array.of(2),
    predictions: Float64Array.of(2),
  });
  expect(pageOf(constant)).toContain("Measured on 1 row of the test split");
  const reconstruction = reportReconstruction("test", Float64Array.of(0.5, 1, 2));
  expect(pageOf(reconstruction)).toContain("squared error");
  expect(pageOf(reconstruction)).toContain("adam, loss cross entropy");
  const clusters = { ...model, spec: { ...model.spec, model: { type: "k_means" } } } as Model;
  const page = reportPage({ model: clusters, dataset: null, report: reconstruction });
  expect(page).toContain("Lloyd&#39;s iterations from k-means++");
  expect(page).not.toContain("adam, loss");
});

test("axes have round numbers, also of values that are all the same or none", () => {
  const axis = createAxis([0, 1], 0, 100);
  expect([axis.at(0), axis.at(0.5), axis.at(1), axis.ticks]).toEqual([0, 50, 100, [0, 0.2, 0.4, 0.6, 0.8, 1]]);
  expect(createAxis([-3.2e6, 1e6], 0, 100).ticks).toEqual([-3e6, -2e6, -1e6, 0, 1e6]);
  expect(createAxis([5, 5], 0, 100).at(5)).toBe(50);
  expect(createAxis([], 0, 100).ticks).toContain(0);
  expect(html`<b>${"<"}${null}${html`<i>${2}</i>`}</b>`.html).toBe("<b>&lt;<i>2</i></b>");
});

test("a comparison is such a page: models, pairs, groups and calibration, in which names are texts", () => {
  const truths = Int32Array.from({ length: 40 }, (_, i) => i % 2);
  const answered = (id: string, sure: number) => {
    const probabilities = Float64Array.from({ length: 80 }, (_, at) => {
      const right = at % 2 === truths[at >> 1] ? 1 : 0;
      return 0.5 + (right === 1 ? 1 : -1) * sure * (((at >> 1) % 7) / 7 - 0.2);
    });
    const own = { model: `mdl_${id}`, name: hostile, trainedOnIt: id === "b", inflation: 1 } as const;
    return { ...own, ...measureClasses(["u", hostile], probabilities, truths) };
  };
  const comparison: Comparison = {
    ...{ dataset: "ds_01JD0000000000000000000000", label: hostile, task: "classification", measure: "log_likelihood" },
    ...{
      rows: 40,
      ...{ weight: null, by: null, heldOut: false },
      leftOut: { learnt: 0, unlabelled: 2, unknown: 1, weightless: 0 },
      notes: [{ code: "x", message: hostile }],
    },
    nested: [
      {
        ...{ smaller: "mdl_a", larger: "mdl_b", rows: 117, statistic: 4.25, distribution: "F", degrees: 2 },
        ...{ residualDegrees: 111, pValue: 0.0166 },
      },
    ],
    ...compareAnswered([answered("a", 0.4), answered("b", 0.1)]),
  };
  const page = requireSound(comparisonPage(comparison));
  const plots = [...page.matchAll(/<svg role="img" aria-label="([^"]*)"/g)].map(([, title]) => title);
  expect(plots).toHaveLength(4);
  expect(plots.slice(0, 2)).toEqual(["measures", "differences"]);
  // Two models of one name are told apart by their ids.
  for (const words of ["mdl_a", "mdl_b", "observations (rows) compared", "2 models beside each other", "n = 40"])
    expect(page).toContain(words);
  for (const words of ["<td>on this data set</td>", "<td>on another file; not checked row by row</td>"])
    expect(page).toContain(words);
  const heldOut = requireSound(comparisonPage({ ...comparison, heldOut: true }));
  expect(heldOut).toContain("<td>on other rows of this data set</td>");
  expect(heldOut).toContain("those held out from each model that was trained on this file; 0 are left out");
  const [alone] = comparison.models;
  const one = requireSound(comparisonPage({ ...comparison, models: [alone!], differences: [], groups: [["mdl_a"]] }));
  expect(one).not.toContain("Differences, pair by pair");
});

test("a learning curve is drawn with what each point is better by, and what could not be fitted is said", () => {
  const truths = Float64Array.from({ length: 40 }, (_, i) => i);
  const answers = { split: "test" as const, truths, likelihood: null, counts: false };
  const regression = reportRegression({ ...answers, predictions: truths.map((value, i) => value + (i % 3)) });
  const point = { loss: estimate, gain: null, accuracy: null, rootMeanSquaredError: estimate, fault: null };
  const points = [
    { ...point, trainRows: 10, loss: null, rootMeanSquaredError: null, fault: hostile },
    { ...point, trainRows: 20 },
    { ...point, trainRows: 40, gain: { value: 0.25, lower: 0.125, upper: 0.375 } },
  ];
  const page = pageOf({ ...regression, learningCurve: { measure: "squared_error", rows: 40, points } });
  expect(page).toContain("Is more data worth it?");
  expect(page).toContain("<td>40</td><td>0.4 (0.1 to 0.9)</td><td>0.25 (0.125 to 0.375)</td><td>0.4 (0.1 to 0.9)</td>");
  expect(page).toMatch(/<li>10 rows: &lt;img/);
  expect(page.match(/<circle class="mark"/g)!.length).toBeGreaterThan(2);
  expect(pageOf(regression)).not.toContain("Is more data worth it?");
});

test("of one row, one feature and one iteration the page says so, and has no fifths of so few rows", () => {
  const one = Float64Array.of(2);
  const report = {
    ...reportRegression({ split: "test", truths: one, predictions: one, likelihood: null, counts: false }),
    conformal: conformalIntervals({ predictions: one, truths: one, train: null, counts: false }),
  };
  const single = {
    ...model,
    preprocessing: { ...model.preprocessing, features: model.preprocessing.features.slice(1) },
  };
  const page = requireSound(reportPage({ model: single, dataset: null, report }));
  expect(page).toContain("<td>1 explanatory variable (feature)</td>");
  expect(page).toContain("n = 1, row of the test split");
  expect(page).not.toMatch(/\b1 (rows|iterations|explanatory variables)/);
  expect(page).not.toContain("by fifths");
  const many = Float64Array.from({ length: 5 }, (_, i) => i);
  const five = {
    ...report,
    conformal: conformalIntervals({ predictions: many, truths: many, train: null, counts: false }),
  };
  expect(pageOf(five)).toContain("by fifths of the predictions; n = 5");
});
