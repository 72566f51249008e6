import type { ReportNote } from "../../domain/models/report.ts";
import { mostLeverage } from "./sandwich.ts";
import type { SolvedFit } from "./solved-fit.ts";

/** "Few" is below 20 to 50 (Cameron & Miller 2015, Journal of Human Resources 50, section VI): errors are then too small on average, and their t too large. */
const fewClusters = 40;
const mostNamed = 10;

/** Why errors that are asked for are not there, or not to be relied on. */
export const errorNotes = (
  { covariance, clusters, places, model }: SolvedFit,
  leverages: Float64Array | null,
): ReportNote[] => {
  if (covariance === null || model === "quantile") return [];
  const notes: ReportNote[] = [];
  const add = (code: string, message: string): void => void notes.push({ code, message });
  if (leverages === null && model !== "softmax")
    add(
      "too_many_coefficients",
      "robust errors, errors by cluster and influence are not computed of so many rows and columns",
    );
  const fitted = Array.from(leverages?.keys() ?? []).filter((row) => leverages![row]! > mostLeverage);
  if (fitted.length > 0) {
    const named = fitted.slice(0, mostNamed).map((row) => places[row]!);
    const rest = fitted.length > mostNamed ? ` and ${fitted.length - mostNamed} more` : "";
    add(
      "leverage_one",
      `a coefficient rests on one row alone, which is fitted exactly whatever its label is (rows ${named.join(", ")}${rest} of the data set, from 0): such a row tells nothing of its own variance, so that there are no robust errors (HC3) and no Cook's distance of it`,
    );
  }
  if (clusters === null) return notes;
  const { column, count } = clusters;
  const name = JSON.stringify(column);
  if (count < 2) add("few_clusters", `all rows are of one cluster of ${name}: there are no errors by cluster`);
  else if (count < fewClusters)
    add(
      "few_clusters",
      `errors by cluster rest on ${count} clusters of ${name}: of fewer than about ${fewClusters} they are too small on average, though t goes by ${count - 1} degrees of freedom`,
    );
  return notes;
};
