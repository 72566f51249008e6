import { counted } from "../../../domain/counted.ts";
import type { Dataset } from "../../../domain/datasets/dataset.ts";
import type { ImportedModel } from "../../../domain/models/imported-model.ts";
import { type AnyModel, isImported, type Model } from "../../../domain/models/model.ts";
import type { Report } from "../../../domain/models/report.ts";
import { reportSection } from "./card-report.ts";
import { importedUsageSection, usageSection } from "./card-usage.ts";
import { block, code, listed, plain, section, table } from "./markdown.ts";

/** What a card is made of; null: deleted since. */
export interface CardContent {
  readonly model: AnyModel;
  /** The models that it came from, the nearest first; the last may be one that was deleted. */
  readonly bases: readonly (AnyModel | { readonly id: string; readonly deleted: true })[];
  readonly dataset: Dataset | null;
  readonly report: Report | null;
}

const labelOf = ({ preprocessing: { label } }: Model): string => {
  if (label.type === "classes") {
    const { classes, threshold } = label;
    const from =
      threshold === undefined ? "" : ` It answers ${code(classes[1] ?? "")} from a probability of ${threshold} on.`;
    return `It tells ${code(label.column)}: ${listed(classes.map(code))}.${from}`;
  }
  return label.type === "number" ? `It tells the number ${code(label.column)}.` : "";
};

const featuresOf = ({ preprocessing }: Model): string => {
  const { features } = preprocessing;
  return `It is told ${features.length === 1 ? "the column" : `${features.length} columns:`} ${listed(features.map(({ column }) => code(column)))}.`;
};

const facts = (model: AnyModel): string =>
  table(
    ["", ""],
    [
      ["id", code(model.id)],
      ["digest of the weights", code(model.digest)],
      ["parameters", String(model.parameters)],
      ["made", model.createdAt],
      ...(isImported(model)
        ? [["kind", "a network from a file"]]
        : [["kind", `${model.spec.model.type.replaceAll("_", " ")}, for ${model.task.type.replaceAll("_", " ")}`]]),
    ],
  );

const refitOf = ({ refit }: Model): string =>
  refit === undefined
    ? ""
    : ` Fitted to all ${counted(refit.rows, "row")} after a model of ${refit.measuredRows} of them was measured: the figures are that model's, ${code(refit.measuredDigest)}.`;

const datasetOf = (model: Model, dataset: Dataset | null): string => {
  if (model.dataset === null) return "";
  if (dataset === null) return `Trained on the data set ${code(model.dataset)}, which was deleted since.`;
  const { id, name, rows, columns, sha256 } = dataset;
  return `Trained on the data set ${code(name)} (${code(id)}): ${counted(rows, "row")}, ${counted(columns.length, "column")}, version ${model.datasetVersion ?? 1} of their types, SHA-256 ${code(sha256)}.${refitOf(model)}`;
};

const fileOf = ({ file, architecture, warnings }: ImportedModel): string =>
  [
    `Read from ${file.format === "safetensors" ? "a safetensors file" : "an ONNX file"} of ${file.bytes} bytes, SHA-256 ${code(file.sha256)}${file.producer === "" ? "" : `, written by ${plain(file.producer)}`}${architecture === null ? "" : `, as ${code(architecture)}`}.`,
    warnings.map((warning) => `- ${plain(warning)}`).join("\n"),
  ]
    .filter((part) => part !== "")
    .join("\n\n");

const baseLine = (base: CardContent["bases"][number]): string => {
  if ("deleted" in base) return `${code(base.id)}, which was deleted since`;
  const kind = isImported(base)
    ? `a network from a file, ${base.source === null ? "of unknown source" : plain(base.source)}`
    : base.task.type.replaceAll("_", " ");
  return `${plain(base.name)} (${code(base.id)}, ${code(base.digest)}): ${kind}`;
};

const lineage = ({ model, bases, dataset }: CardContent): string =>
  section(
    "Where it comes from",
    isImported(model) ? fileOf(model) : datasetOf(model, dataset),
    bases.length === 0
      ? ""
      : `It started from the weights of:\n\n${bases.map((base, i) => `${i + 1}. ${baseLine(base)}`).join("\n")}`,
    isImported(model) || model.job === null
      ? ""
      : `Its job is ${code(model.job)}; the same spec, data and seed give the same weights, to the bit:`,
    isImported(model) ? "" : block(JSON.stringify(model.spec, null, 2)),
  );

/** The licence as it was given with a file that the model comes from; nobody's is made up. */
const licenceOf = ({ model, bases }: CardContent): { stated: string | null; text: string } => {
  const origins = [model, ...bases].filter((one): one is ImportedModel => !("deleted" in one) && isImported(one));
  const [origin] = origins;
  const isLost = bases.some((base) => "deleted" in base);
  if (origin === undefined) {
    return {
      stated: null,
      text: isLost
        ? "What it came from was deleted, so the licence is unknown."
        : "None is stated; the data's terms apply.",
    };
  }
  const of = origin === model ? "its file" : `${code(origin.name)}, from which it comes`;
  if (origin.licence === null) return { stated: null, text: `None was stated for ${of}.` };
  return { stated: origin.licence, text: `${plain(origin.licence)}, as stated for ${of}.` };
};

const frontMatter = ({ model }: CardContent, licence: string | null): string => {
  const tag = isImported(model) ? "imported" : model.task.type;
  return [
    "---",
    ...(licence === null ? [] : [`license: ${JSON.stringify(licence)}`]),
    `tags: [${JSON.stringify(tag)}]`,
    "---",
  ].join("\n");
};

/** A model's card: what it is, from what it was made, how good it is, its licence and how to run it. Names of users are shown as they are, never read as Markdown. */
export const modelCard = (content: CardContent): string => {
  const { model, report } = content;
  const licence = licenceOf(content);
  const parts = [
    frontMatter(content, licence.stated),
    `# ${plain(model.name)}`,
    facts(model),
    isImported(model) ? "" : [labelOf(model), featuresOf(model)].filter((part) => part !== "").join(" "),
    report === null ? section("How good it is", "Nothing was measured here.") : reportSection(report),
    lineage(content),
    section("Licence", licence.text),
    isImported(model) ? importedUsageSection(model) : usageSection(model),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
};
