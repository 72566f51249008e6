import type { Estimate } from "../../../domain/models/estimate.ts";
import type { Against } from "../../../domain/models/parts/against.ts";
import type { LearningCurveReport } from "../../../domain/models/parts/learning-curve.ts";
import type { ClassificationReport, RegressionReport } from "../../../domain/models/report.ts";
import { IntervalChart } from "../charts/interval-chart.tsx";
import { LineChart } from "../charts/line-chart.tsx";
import { formatCount, formatNumber } from "../format.ts";
import { measureWords } from "../measure-words.ts";

/** In which a measure is counted, behind its name; nothing of likelihoods, whose unit is the nat. */
const unitOf = (measure: Against["measure"], label: string): string =>
  measure === "log_likelihood" ? "" : measure === "squared_error" ? `, in (${label})²` : `, in units of ${label}`;

const rowsOf = (split: string, rows: number): string =>
  split === "out_of_fold" ? formatCount(rows, "out-of-fold row") : `${formatCount(rows, "row")} of the ${split} split`;

/** Is the model worth it, beside simpler ones on the same rows? */
const Simpler = ({ against, split, label }: { against: Against; split: string; label: string }) => (
  <IntervalChart
    title="Better than simpler models"
    axis={`${measureWords[against.measure]}, gain${unitOf(against.measure, label)}`}
    rows={[
      { name: "no feature", estimate: against.null.difference },
      ...(against.linear === null
        ? []
        : [{ name: `exact ${against.linear.model}`, estimate: against.linear.difference }]),
    ]}
    note={`What this model is better by than one that knows no feature, and than the exact linear model, paired row by row, with 95 % intervals; right of 0 it is worth having. ${rowsOf(split, against.rows)}.`}
  />
);

const lossWords = {
  log_likelihood: "mean −ln p of a row's label",
  squared_error: "mean squared error",
  absolute_error: "mean absolute error",
  pinball: "mean quantile loss",
} as const satisfies Record<LearningCurveReport["measure"], string>;

/** Is more data worth it: the same model on parts of the training rows. */
const LearningCurve = ({ curve, label }: { curve: LearningCurveReport; label: string }) => {
  const { measure, rows, points } = curve;
  const pointsOf = (pick: (loss: Estimate) => number | null) =>
    points.flatMap(({ trainRows, loss }) => {
      const value = loss && pick(loss);
      return value === null ? [] : [[trainRows, value] as const];
    });
  const faults = points.flatMap(({ trainRows, fault }) =>
    fault === null ? [] : [`${formatCount(trainRows, "row")}: ${fault}`],
  );
  const told = points.flatMap(({ trainRows, loss }) =>
    loss === null ? [] : [`${formatNumber(loss.value)} with ${trainRows}`],
  );
  return (
    <LineChart
      title="Learning curve"
      described={`Loss on the test rows by training rows: ${told.join(", ")}`}
      x={{ title: "training rows", including: [0] }}
      y={{ title: `${lossWords[measure]}${unitOf(measure, label)}` }}
      lines={[
        { name: "lower (95 %)", points: pointsOf(({ lower }) => lower), faint: true },
        { name: "upper (95 %)", points: pointsOf(({ upper }) => upper), faint: true },
        { name: "loss", as: "both", points: pointsOf(({ value }) => value) },
      ]}
      legend={false}
      note={`The same model on parts of the training rows, each a part of the next; thin, 95 % intervals. ${rowsOf("test", rows)}, the same for all.${faults.length === 0 ? "" : ` Not fitted: ${faults.join("; ")}.`}`}
    />
  );
};

/** Is the model worth it, and would more data be? */
export const WorthCharts = ({ report, label }: { report: ClassificationReport | RegressionReport; label: string }) => {
  const { against, learningCurve, split } = report;
  if (against === null && learningCurve === null) return null;
  return (
    <div class="charts">
      {against !== null && <Simpler against={against} split={split} label={label} />}
      {learningCurve !== null && <LearningCurve curve={learningCurve} label={label} />}
    </div>
  );
};
