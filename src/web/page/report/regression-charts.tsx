import type { RegressionReport } from "../../../domain/models/report.ts";
import { HistogramChart } from "../charts/histogram-chart.tsx";
import { LineChart } from "../charts/line-chart.tsx";
import { toBins } from "../datasets/column-statistics.ts";
import { formatCount, formatNumber, formatPercent } from "../format.ts";
import { type HeldOutRow, spread } from "./held-out.ts";

const mostDots = 1000;

/** Of the rows that were held out, where they are kept. */
const Rows = ({ rows, label }: { rows: readonly HeldOutRow[]; label: string }) => {
  const pairs = rows
    .map(({ truth, prediction }) => [Number(truth), Number(prediction)] as const)
    .filter(([truth, prediction]) => Number.isFinite(truth) && Number.isFinite(prediction));
  if (pairs.length === 0) return null;
  const shown = spread(pairs, mostDots);
  const residuals = pairs.map(([truth, prediction]) => prediction - truth);
  const of = shown.length < pairs.length ? `${shown.length} of ${formatCount(pairs.length, "row")}, evenly spread` : "";
  const [least, most] = [Math.min(...pairs.flat()), Math.max(...pairs.flat())];
  return (
    <>
      <LineChart
        title="Truth and prediction"
        described={`Prediction against truth of ${formatCount(shown.length, "held-out row")}`}
        x={{ title: `${label}, truth` }}
        y={{ title: `${label}, prediction` }}
        lines={[
          {
            name: "no error",
            points: [
              [least, least],
              [most, most],
            ],
            faint: true,
            hue: 1,
          },
          { name: "held-out rows", as: "dots", points: shown },
        ]}
        legend={false}
        note={`On the line there is no error. ${of}`}
      />
      <LineChart
        title="Residuals by prediction"
        described={`Prediction minus truth against prediction of ${formatCount(shown.length, "held-out row")}`}
        x={{ title: `${label}, prediction` }}
        y={{ title: "prediction − truth", including: [0] }}
        lines={[
          { name: "held-out rows", as: "dots", points: shown.map(([truth, value]) => [value, value - truth] as const) },
        ]}
        level={0}
        note="A band of one width around 0 is what to hope for."
      />
      <HistogramChart
        title="Residuals"
        axis={`prediction − truth, in units of ${label}`}
        bins={toBins(residuals, Math.min(...residuals), Math.max(...residuals), 24)}
      />
    </>
  );
};

const Quantiles = ({ residuals: { quantiles, standardDeviation } }: RegressionReport) => (
  <LineChart
    title="Quantiles of the residuals"
    described="Quantiles of prediction minus truth"
    x={{ title: "share of the rows below", including: [0, 1] }}
    y={{ title: "prediction − truth", including: [0] }}
    lines={[{ name: "residuals", as: "both", points: quantiles.map(({ share, value }) => [share, value] as const) }]}
    level={0}
    note={
      standardDeviation === null ? "Of one row." : `Their standard deviation is ${formatNumber(standardDeviation)}.`
    }
  />
);

/** Whether intervals hold as often as they promise, where predictions are small and where they are large. */
const Coverage = ({ conformal }: RegressionReport) => {
  if (conformal === null || conformal === undefined || !("byFifth" in conformal)) return null;
  const middleOf = ({ from, to }: { from: number; to: number }): number => (from + to) / 2;
  const lines =
    conformal.type !== "fold_intervals" && conformal.type !== "leave_one_out"
      ? [
          {
            ...{ name: "adaptive", as: "both" as const, hue: 0 },
            points: conformal.byFifth.map((fifth) => [middleOf(fifth), fifth.adaptive] as const),
          },
          {
            ...{ name: "marginal", as: "both" as const, hue: 1 },
            points: conformal.byFifth.map((fifth) => [middleOf(fifth), fifth.marginal] as const),
          },
        ]
      : [
          {
            ...{
              name: conformal.type === "leave_one_out" ? "fits without the row" : "models of the folds",
              as: "both" as const,
            },
            points: conformal.byFifth.map((fifth) => [middleOf(fifth), fifth.held] as const),
          },
        ];
  if (conformal.byFifth.length === 0) return null;
  return (
    <LineChart
      title="Intervals that hold"
      described={`Coverage of intervals for ${formatPercent(0.9)} by fifths of the predictions`}
      x={{ title: "prediction, middle of its fifth" }}
      y={{ title: "share of rows inside", including: [0.9, 1] }}
      lines={lines}
      level={0.9}
      note={`Intervals that are to hold 90 of 100 rows, by fifths of the predictions; ${formatCount(conformal.rows, "row")}.`}
    />
  );
};

export const RegressionCharts = ({
  report,
  heldOut,
  label,
}: {
  report: RegressionReport;
  heldOut: readonly HeldOutRow[];
  label: string;
}) => (
  <div class="charts">
    <Rows rows={heldOut} label={label} />
    {heldOut.length === 0 && <Quantiles {...report} />}
    <Coverage {...report} />
  </div>
);
