import type { Dataset } from "../../../domain/datasets/dataset.ts";
import type { Model } from "../../../domain/models/model.ts";
import type { Report } from "../../../domain/models/report.ts";
import { errorsSection, goodSection } from "./good.ts";
import { type Html, html, section, table } from "./html.ts";
import { againstSection, coefficientsSection, explainedSection } from "./why.ts";

/** Policy of a page that needs nothing from anywhere: its own style, and no script. */
export const reportPagePolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

const style = `:root{color-scheme:light dark;--ink:#1d2433;--muted:#5b6475;--line:#d5dae3;--mark:#2457c5;--soft:#8fb0f0;--wrong:#c53a24;--paper:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e7eaf1;--muted:#9aa4b8;--line:#3a4254;--mark:#86a9ff;--soft:#4a69b5;--wrong:#ff8a75;--paper:#161a22}}
body{margin:2rem auto;max-width:52rem;padding:0 1rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{margin-bottom:0}h2{margin-top:2.5rem;border-bottom:1px solid var(--line)}table{border-collapse:collapse;width:100%;margin:1rem 0;font-size:.9rem}
th,td{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}td:first-child{min-width:9rem}figure{margin:1.5rem 0}figcaption{color:var(--muted);font-size:.85rem}
svg{width:100%;height:auto;font:12px system-ui,sans-serif}svg text{fill:var(--ink)}svg .tick{fill:var(--muted);font-size:11px}.grid{stroke:var(--line)}.interval{stroke:var(--soft);stroke-width:5;stroke-linecap:round}
.mark,.right{fill:var(--mark)}.wrong{fill:var(--wrong)}.curve{fill:none;stroke:var(--mark);stroke-width:2}.faint{stroke:var(--soft);stroke-width:1;opacity:.6}.reference{stroke:var(--muted);stroke-dasharray:4 4}
pre{overflow:auto;font-size:.8rem;border:1px solid var(--line);padding:1rem}.muted{color:var(--muted)}@media print{body{max-width:none}figure,table{break-inside:avoid}}`;

const mostNamed = 30;

const listed = (names: readonly string[]): string =>
  names.length <= mostNamed
    ? names.join(", ")
    : `${names.slice(0, mostNamed).join(", ")} and ${names.length - mostNamed} more`;

/** Statistics and deep learning have two words for most things: both are given. */
const factsOf = (model: Model, dataset: Dataset | null): Html => {
  const { preprocessing, spec } = model;
  const { label, features } = preprocessing;
  const response = label.type === "none" ? "none" : label.column;
  const exact = spec.training.solver === "exact";
  return table(
    ["", ""],
    [
      ["task", model.task.type.replaceAll("_", " ")],
      ["model", spec.model.type.replaceAll("_", " ")],
      ["response (label)", label.type === "classes" ? `${response}: ${listed(label.classes)}` : response],
      [`${features.length} explanatory variables (features)`, listed(features.map(({ column }) => column))],
      ["parameters (weights)", model.parameters],
      [
        "estimation (learning)",
        exact
          ? "solved to convergence in float64"
          : `${spec.optimizer.type}, loss ${spec.loss.type.replaceAll("_", " ")}`,
      ],
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
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${model.name}: report</title><style>${{ html: style }}</style></head>
<body><h1>${model.name}</h1><p class="muted">${model.id}, version ${model.version ?? 1}</p>
${section("What it is", factsOf(model, dataset))}
${goodSection(report)}
${againstSection(against)}
${errorsSection(report)}
${explainedSection(explained)}
${coefficientsSection(report)}
${section("How it was made", html`<p>The same specification, data and seed give the same parameters, to the bit.</p><pre>${JSON.stringify(model.spec, null, 2)}</pre>`)}
</body></html>
`;
  return page.html;
};
