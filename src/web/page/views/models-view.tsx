import type { ImportedModel } from "../../../domain/models/imported-model.ts";
import type { AnyModel } from "../../../domain/models/model.ts";
import { api } from "../api.ts";
import {
  formatAge,
  formatDate,
  formatMetric,
  formatMetricName,
  formatNumber,
  formatWord,
  headline,
} from "../format.ts";
import { ListView, type TableColumn } from "../list-view.tsx";
import { Card, Empty, Facts, Failure, MetricFacts, Problem, useAction } from "../parts.tsx";
import { usePoll } from "../poll.ts";
import { FileDownload } from "./file-download.tsx";
import { ReportCard } from "./report-card.tsx";
import { TryIt } from "./try-it.tsx";

const kindOf = (model: AnyModel): string => ("spec" in model ? formatWord(model.spec.model.type) : "imported network");

const portsOf = (ports: ImportedModel["inputs"]): string =>
  ports
    .map(({ name, shape }) => `${name} [${shape.map((size) => (size === -1 ? "batch" : size)).join(", ")}]`)
    .join("; ");

/** What is known of a network from a file. */
const Imported = ({ model }: { model: ImportedModel }) => (
  <Card title="Network">
    <Facts
      facts={[
        ["Inputs", portsOf(model.inputs)],
        ["Outputs", portsOf(model.outputs)],
        ["Architecture", model.architecture],
        ["Head", model.head],
        ["Trainable tensors", formatNumber(model.trainable.length)],
        ["Frozen tensors", formatNumber(model.frozen.length)],
        ["File", `${model.file.format}, ${formatNumber(model.file.bytes)} bytes`],
        ["Licence", model.licence],
        ["Source", model.source],
      ]}
    />
    {model.warnings.map((warning) => (
      <p key={warning}>{warning}</p>
    ))}
  </Card>
);

const Result = ({ metrics }: { metrics: AnyModel["metrics"] }) => {
  const best = headline(metrics);
  if (best === null) return <>–</>;
  return (
    <span class="pair">
      <strong>{formatMetric(best.name, best.value)}</strong>
      <span class="muted small">{formatMetricName(best.name)}</span>
    </span>
  );
};

const modelColumns: readonly TableColumn<AnyModel>[] = [
  {
    title: "Model",
    cell: (model) => (
      <>
        <a class="row-link" href={`#/models/${model.id}`}>
          {model.name}
        </a>
        <span class="muted small">{kindOf(model)}</span>
      </>
    ),
  },
  { title: "Task", cell: (model) => ("task" in model ? formatWord(model.task.type) : "–") },
  { title: "Parameters", number: true, cell: ({ parameters }) => formatNumber(parameters) },
  { title: "Result", number: true, cell: ({ metrics }) => <Result metrics={metrics} /> },
  { title: "Made", number: true, cell: ({ createdAt }) => formatAge(createdAt, Date.now()) },
];

export const ModelsView = () => (
  <ListView
    title="Models"
    load={api.models}
    columns={modelColumns}
    empty={
      <Empty title="No models yet">
        A job that succeeds leaves its model here. <a href="#/new">Start one</a>.
      </Empty>
    }
  />
);

const downloads = {
  weights: { label: "Download weights", ending: "safetensors" },
  onnx: { label: "Download ONNX", ending: "onnx" },
  card: { label: "Download card", ending: "md" },
} as const;

const Download = ({ id, file }: { id: string; file: keyof typeof downloads }) => {
  const { label, ending } = downloads[file];
  const path = `/v1/models/${id}/${file}`;
  return <FileDownload {...{ label, path, name: `${id}.${ending}`, read: () => api.modelFile(id, file) }} />;
};

export const ModelView = ({ id }: { id: string }) => {
  const { value, failure, refresh } = usePoll(
    id,
    (signal) => api.model(id, signal),
    () => null,
  );
  const { busy, error, run } = useAction();
  const remove = (): void => {
    if (!confirm("Delete this model for good?")) return;
    run(async () => {
      await api.remove("models", id);
      location.hash = "#/models";
    });
  };
  return (
    <>
      <a class="back" href="#/models">
        ← Models
      </a>
      <Failure failure={failure} retry={refresh} />
      {value === null && failure === null && <p class="muted">Loading…</p>}
      {value !== null && (
        <>
          <section class="card" aria-label="Summary">
            <div class="card-head">
              <div>
                <h1>{value.name}</h1>
                <code class="muted">{value.id}</code>
              </div>
              <div class="actions">
                <button type="button" class="danger" disabled={busy} onClick={remove}>
                  Delete
                </button>
                <Download id={value.id} file="weights" />
                <Download id={value.id} file="onnx" />
                <Download id={value.id} file="card" />
              </div>
            </div>
            <Problem error={error} />
            <MetricFacts metrics={value.metrics} />
          </section>
          {"spec" in value ? (
            <>
              <ReportCard model={value.id} />
              <TryIt model={value} />
            </>
          ) : (
            <Imported model={value} />
          )}
          <Card title="Lineage">
            <Facts
              facts={[
                ["Task", "task" in value ? formatWord(value.task.type) : null],
                ["Model", kindOf(value)],
                ["Parameters", formatNumber(value.parameters)],
                ["Job", value.job === null ? null : <a href={`#/jobs/${value.job}`}>{value.job}</a>],
                [
                  "Data set",
                  value.dataset === null ? null : <a href={`#/datasets/${value.dataset}`}>{value.dataset}</a>,
                ],
                ["Base model", value.base === null ? null : <a href={`#/models/${value.base}`}>{value.base}</a>],
                ["Made", formatDate(value.createdAt)],
                ["Digest", <code class="break">{value.digest}</code>],
              ]}
            />
          </Card>
        </>
      )}
    </>
  );
};
