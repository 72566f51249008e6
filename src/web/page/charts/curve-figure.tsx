import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import type { MetricPoint } from "../../../domain/jobs/job.ts";
import { formatMetricName, formatNumber } from "../format.ts";
import { Figure } from "./figure.tsx";

export interface Series {
  name: string;
  /** The custom property of style.css that holds its colour. */
  color: "--train" | "--validation" | "--plain";
  values: readonly (number | null)[];
}

interface Curve {
  title: string;
  /** Of the upright axis, with its unit. */
  axis: string;
  series: readonly Series[];
  /** Learning rates and norms span decades. */
  log?: boolean;
}

const pick = (points: readonly MetricPoint[], name: string): (number | null)[] =>
  points.map((point) => point.metrics[name] ?? null);

/** The curves worth drawing for a job's points: only those that have values. */
export const toCurves = (points: readonly MetricPoint[]): Curve[] => {
  const measured = [...new Set(points.flatMap((point) => Object.keys(point.metrics)))];
  const scores = ["Accuracy", "R2"].filter((score) => measured.some((name) => name.endsWith(score)));
  const curves: Curve[] = [
    {
      title: "Loss",
      axis: "loss of a row",
      series: [
        { name: "train", color: "--train", values: points.map((point) => point.trainLoss) },
        { name: "validation", color: "--validation", values: pick(points, "validationLoss") },
      ],
    },
    ...scores.map(
      (score): Curve => ({
        title: formatMetricName(score.charAt(0).toLowerCase() + score.slice(1)),
        axis: score === "R2" ? "R²" : "share of rows that are right",
        series: [
          { name: "train", color: "--train", values: pick(points, `train${score}`) },
          { name: "validation", color: "--validation", values: pick(points, `validation${score}`) },
        ],
      }),
    ),
    {
      title: "Gradient norm",
      axis: "length of the gradient",
      log: true,
      series: [{ name: "gradient norm", color: "--plain", values: points.map((point) => point.gradientNorm) }],
    },
    {
      title: "Learning rate",
      axis: "learning rate of a step",
      series: [{ name: "learning rate", color: "--plain", values: points.map((point) => point.learningRate) }],
    },
  ];
  return curves
    .map((curve) => ({ ...curve, series: curve.series.filter(({ values }) => values.some((value) => value !== null)) }))
    .filter((curve) => curve.series.length > 0);
};

const last = (values: readonly (number | null)[]): number | null => values.findLast((value) => value !== null) ?? null;

/** What the picture says, for those who do not see it. */
const describe = (curve: Curve, epochs: number): string =>
  `${curve.title} over ${epochs} epochs: ${curve.series
    .map(({ name, values }) => {
      const from = values.find((value) => value !== null) ?? null;
      const to = last(values);
      return from === null || to === null ? name : `${name} from ${formatNumber(from)} to ${formatNumber(to)}`;
    })
    .join(", ")}`;

const color = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const axisFont = "12px system-ui, sans-serif";

const tick = (value: number | null): string => (value === null ? "" : formatNumber(value));

const options = (curve: Curve, width: number): uPlot.Options => {
  const axis = {
    ...{ stroke: color("--muted"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false } },
    ...{ font: axisFont, labelFont: axisFont, labelSize: 18 },
  };
  const positive = curve.series.every(({ values }) => values.every((value) => value === null || value > 0));
  return {
    width,
    height: 220,
    legend: { live: true },
    cursor: { y: false },
    scales: { x: { time: false }, y: curve.log && positive ? { distr: 3 } : {} },
    axes: [
      {
        ...axis,
        label: "epoch",
        size: 32,
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000],
      },
      { ...axis, label: curve.axis, size: 64, values: (_, splits) => splits.map(tick) },
    ],
    series: [
      { label: "epoch", value: (_: uPlot, value: number | null) => (value === null ? "–" : formatNumber(value)) },
      ...curve.series.map(({ name, color: property }) => ({
        label: name,
        stroke: color(property),
        width: 2,
        spanGaps: true,
        points: { show: false },
        value: (_: uPlot, value: number | null) => (value === null ? "–" : formatNumber(value)),
      })),
    ],
  };
};

/** Changes when the system switches between dark and light: the canvas must be drawn anew. */
const useColorScheme = (): boolean => {
  const media = matchMedia("(prefers-color-scheme: dark)");
  const [dark, setDark] = useState(media.matches);
  useEffect(() => {
    const onChange = (): void => setDark(media.matches);
    media.addEventListener("change", onChange);
    return () => media.removeEventListener("change", onChange);
  }, []);
  return dark;
};

export const CurveFigure = ({ curve, epochs }: { curve: Curve; epochs: readonly number[] }) => {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const dark = useColorScheme();
  const data = [epochs, ...curve.series.map(({ values }) => values)] as uPlot.AlignedData;
  const shape = curve.series.map(({ name }) => name).join();

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const created = new uPlot(options(curve, element.clientWidth), data, element);
    plot.current = created;
    const observer = new ResizeObserver(() => created.setSize({ width: element.clientWidth, height: 220 }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      created.destroy();
      plot.current = null;
    };
  }, [shape, dark]);

  useEffect(() => plot.current?.setData(data), [epochs.length]);

  const toData = () => ({
    columns: ["epoch", ...curve.series.map(({ name }) => name)],
    rows: epochs.map((epoch, i) => [epoch, ...curve.series.map(({ values }) => values[i])]),
  });
  return (
    <Figure title={curve.title} data={toData}>
      <div ref={box} class="curve" role="img" aria-label={describe(curve, Math.ceil(epochs.at(-1) ?? 0))} />
    </Figure>
  );
};
