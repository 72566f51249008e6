import type { AnyModel } from "../../../domain/models/model.ts";
import { api } from "../api.ts";
import { formatAge, formatMetric, formatMetricName, formatNumber, formatWord, headline } from "../format.ts";
import { ListView, type TableColumn } from "../list-view.tsx";
import { Empty, Failure, MetricFacts, Problem, useAction, useTitle } from "../parts.tsx";
import { usePoll } from "../poll.ts";
import { isComparable } from "../registry/chosen.ts";
import { ExportCard } from "../registry/export-card.tsx";
import { ImportedCard } from "../registry/imported-card.tsx";
import { ModelRegistry } from "../registry/model-registry.tsx";
import { toFragment } from "../route.ts";
import { ReportCard } from "./report-card.tsx";
import { TryIt } from "./try-it.tsx";

const kindOf = (model: AnyModel): string => ("spec" in model ? formatWord(model.spec.model.type) : "imported network");

const versionOf = ({ version }: AnyModel): string => (version === undefined ? "" : `version ${version}, `);

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

const modelColumns: readonly TableColumn<AnyModel & { aliases: readonly string[] }>[] = [
  {
    title: "Model",
    cell: (model) => (
      <>
        <a class="row-link" href={`#/models/${model.id}`}>
          {model.name}
        </a>
        <span class="muted small">
          {versionOf(model)}
          {kindOf(model)}
        </span>
        {model.aliases.map((name) => (
          <a key={name} class="tag" href={toFragment({ view: "alias", name })}>
            {name}
          </a>
        ))}
      </>
    ),
  },
  { title: "Task", cell: (model) => ("task" in model ? formatWord(model.task.type) : "–") },
  { title: "Parameters", number: true, cell: ({ parameters }) => formatNumber(parameters) },
  { title: "Result", number: true, cell: ({ metrics }) => <Result metrics={metrics} /> },
  { title: "Made", number: true, cell: ({ createdAt }) => formatAge(createdAt, Date.now()) },
];

/** Models with the aliases that name them. */
const load = async (pageToken: string | null, signal: AbortSignal) => {
  const [page, aliases] = await Promise.all([api.models(pageToken, signal), api.allAliases(signal)]);
  const namesOf = (id: string): string[] => aliases.filter(({ model }) => model === id).map(({ name }) => name);
  return { ...page, items: page.items.map((model) => ({ ...model, aliases: namesOf(model.id) })) };
};

export const ModelsView = () => (
  <ListView
    title="Models"
    load={load}
    columns={modelColumns}
    actions={
      <div class="actions">
        <a class="button" href={toFragment({ view: "aliases" })}>
          Aliases
        </a>
        <a class="button" href={toFragment({ view: "compare", models: [], dataset: null })}>
          Compare
        </a>
      </div>
    }
    empty={
      <Empty title="No models yet">
        A job that succeeds leaves its model here. <a href="#/new">Start one</a>.
      </Empty>
    }
  />
);

export const ModelView = ({ id }: { id: string }) => {
  const { value, failure, refresh } = usePoll(
    id,
    (signal) => api.model(id, signal),
    () => null,
  );
  useTitle(value?.name);
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
                <p class="muted">
                  {versionOf(value)}
                  {kindOf(value)}
                </p>
                <code class="muted break">{value.id}</code>
              </div>
              <div class="actions">
                <button type="button" class="danger" disabled={busy} onClick={remove}>
                  Delete
                </button>
                {isComparable(value) && (
                  <a class="button" href={toFragment({ view: "compare", models: [value.id], dataset: value.dataset })}>
                    Compare
                  </a>
                )}
              </div>
            </div>
            <Problem error={error} />
            <MetricFacts metrics={value.metrics} />
          </section>
          {"spec" in value ? (
            <>
              <ReportCard model={value} />
              <TryIt model={value} />
            </>
          ) : (
            <ImportedCard model={value} />
          )}
          <ModelRegistry model={value} />
          <ExportCard model={value} />
        </>
      )}
    </>
  );
};
