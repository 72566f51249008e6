import type { Dataset } from "../../../domain/datasets/dataset.ts";
import type { Model } from "../../../domain/models/model.ts";
import type { Report } from "../../../domain/models/report.ts";
import { coefficientsSection } from "./coefficients.ts";
import { curveSection } from "./curve.ts";
import { documentOf } from "./document.ts";
import { errorsSection, goodSection } from "./good.ts";
import { type Html, html, section, table } from "./html.ts";
import { residualsSection } from "./residuals.ts";
import { againstSection, explainedSection } from "./why.ts";

const mostNamed = 30;

const listed = (names: readonly string[]): string =>
  names.length <= mostNamed
    ? names.join(", ")
    : `${names.slice(0, mostNamed).join(", ")} and ${names.length - mostNamed} more`;

/** How the parameters came about: clusters and exact models know no optimizer, though their record has one. */
const estimationOf = ({ model, training, optimizer, loss }: Model["spec"]): string => {
  if (model.type === "k_means") return "Lloyd's iterations from k-means++";
  if (model.type === "gaussian_mixture") return "expectation–maximisation, to the largest likelihood";
  if (training.solver === "exact") return "solved to convergence in float64";
  return `${optimizer.type}, loss ${loss.type.replaceAll("_", " ")}`;
};

/** Statistics and deep learning have two words for most things: both are given. */
const factsOf = (model: Model, dataset: Dataset | null): Html => {
  const { preprocessing, spec } = model;
  const { label, features } = preprocessing;
  const response = label.type === "none" ? "none" : label.column;
  return table(
    ["", ""],
    [
      ["task", model.task.type.replaceAll("_", " ")],
      ["model", spec.model.type.replaceAll("_", " ")],
      ["response (label)", label.type === "classes" ? `${response}: ${listed(label.classes)}` : response],
      [
        features.length === 1
          ? "1 explanatory variable (feature)"
          : `${features.length} explanatory variables (features)`,
        listed(features.map(({ column }) => column)),
      ],
      ["parameters (weights)", model.parameters],
      ["estimation (learning)", estimationOf(spec)],
      [
        "observations (rows)",
        dataset === null
          ? "the data set was deleted since"
          : `${dataset.rows}, of ${dataset.name} (${dataset.id}), SHA-256 ${dataset.sha256}`,
      ],
      ["digest of the parameters", model.digest],
      ["made", `${model.createdAt}, by ${model.job ?? "an import"}`],
    ],
  );
};

/** A model's report as a page to hand on: one file that asks for nothing from anywhere. */
export const reportPage = ({
  model,
  dataset,
  report,
}: {
  model: Model;
  dataset: Dataset | null;
  report: Report;
}): string => {
  const explained = "explained" in report ? report.explained : null;
  const against = "against" in report ? report.against : null;
  return documentOf(
    `${model.name}: report`,
    html`<h1>${model.name}</h1><p class="muted">${model.id}, version ${model.version ?? 1}</p>
${section("What it is", factsOf(model, dataset))}
${goodSection(report)}
${againstSection(against)}
${curveSection(report)}
${errorsSection(report)}
${residualsSection("residualsByFeature" in report ? report.residualsByFeature : null)}
${explainedSection(explained)}
${coefficientsSection(report)}
${section("How it was made", html`<p>The same specification, data and seed give the same parameters, to the bit.</p><pre>${JSON.stringify(model.spec, null, 2)}</pre>`)}`,
  );
};
