import { counted } from "../../../domain/counted.ts";
import type { ResidualsByFeature } from "../../../domain/models/parts/residuals-by-feature.ts";
import { figure, type Html, nothing, section, shown, table } from "./html.ts";
import { intervalPlot } from "./plots.ts";

/** Columns with a plot of their own: those that tell most. */
const mostPlots = 3;

type Column = ResidualsByFeature["columns"][number];

const cellOf = (value: Column["bins"][number]["from"]): string =>
  typeof value === "number" ? shown(value) : (value ?? "missing");

const plotOf = ({ column, bins }: Column, rows: number): Html => {
  const named = bins.map(({ from, to, mean }) => ({
    name: from === to ? cellOf(from) : `${cellOf(from)} … ${cellOf(to)}`,
    estimate: mean,
  }));
  return figure(
    intervalPlot(`residuals by ${column}`, named, [0]),
    `Mean of prediction − truth by ${JSON.stringify(column)}, with 95 % intervals; n = ${counted(rows, "row")} of the report's split.`,
  );
};

/** Whether the model errs to one side where a feature is small, large or of one category. */
export const residualsSection = (residuals: ResidualsByFeature | null): Html => {
  if (residuals === null) return nothing;
  const { rows, columns } = residuals;
  return section(
    "Where it errs",
    table(
      ["explanatory variable (feature)", "bins", "share of the residuals' variance between them", "p (Welch)"],
      columns.map(({ column, bins, between, pValue }) => [
        ...[column, bins.length, shown(between)],
        pValue === null ? "–" : shown(pValue),
      ]),
    ),
    ...columns.slice(0, mostPlots).map((column) => plotOf(column, rows)),
  );
};
