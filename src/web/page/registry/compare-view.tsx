import { useState } from "preact/hooks";
import type { Dataset } from "../../../domain/datasets/dataset.ts";
import type { Comparison } from "../../../domain/models/comparison.ts";
import type { Model } from "../../../domain/models/model.ts";
import { api } from "../api.ts";
import { formatCount } from "../format.ts";
import { Card, Empty, Failure, Problem, useAction } from "../parts.tsx";
import { usePoll } from "../poll.ts";
import { toFragment } from "../route.ts";
import { hasLabel, isComparable, sameLabel, titleOf } from "./chosen.ts";
import { ComparisonTable } from "./comparison-table.tsx";
import { ModelChoice } from "./model-choice.tsx";

interface Chosen {
  models: readonly string[];
  dataset: string | null;
}

/** What there is to choose from, and what the link has chosen, however old it is: models by id or alias. */
const load = async (given: Chosen, signal: AbortSignal) => {
  const [models, datasets, named, dataset] = await Promise.all([
    api.someModels(signal),
    api.someDatasets(signal),
    Promise.all(given.models.map((id) => api.model(id, signal))),
    given.dataset === null ? null : api.dataset(given.dataset, signal),
  ]);
  const older = named.filter(({ id }, i) => [...models, ...named.slice(0, i)].every((model) => model.id !== id));
  const isListed = dataset === null || datasets.some(({ id }) => id === dataset.id);
  return {
    models: [...older, ...models],
    datasets: isListed ? datasets : [dataset, ...datasets],
    chosen: named.map(({ id }) => id),
  };
};

const DatasetChoice = ({
  model,
  value,
  datasets,
  onChange,
}: {
  model: Model;
  value: string | null;
  datasets: readonly Dataset[];
  onChange: (dataset: string) => void;
}) => (
  <label>
    On the data set
    <select value={value ?? ""} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
      <option value="" disabled>
        choose a data set
      </option>
      {datasets
        .filter((dataset) => hasLabel(dataset, model))
        .map(({ id, name, rows }) => (
          <option key={id} value={id}>
            {name}, {formatCount(rows, "row")}
            {id === model.dataset ? " (it was trained on it)" : ""}
          </option>
        ))}
    </select>
  </label>
);

const Form = ({
  models,
  datasets,
  given,
}: {
  models: readonly Model[];
  datasets: readonly Dataset[];
  given: Chosen;
}) => {
  const [{ models: ids, dataset }, setChosen] = useState(given);
  const [result, setResult] = useState<Comparison | null>(null);
  const [heldOut, setHeldOut] = useState(false);
  const { busy, error, run } = useAction();
  const [first, second] = ids.map((id) => models.find((model) => model.id === id));
  // What is chosen stands in the link. An answer goes with its question.
  const choose = (chosen: Chosen): void => {
    setChosen(chosen);
    setResult(null);
    history.replaceState(null, "", toFragment({ view: "compare", ...chosen }));
  };
  const chooseFirst = (id: string | null): void =>
    choose({
      models: id === null ? [] : [id],
      dataset: datasets.find((own) => own.id === models.find((model) => model.id === id)?.dataset)?.id ?? null,
    });
  const titles = new Map(models.map((model) => [model.id, titleOf(model)]));
  const compare = (event: Event): void => {
    event.preventDefault();
    if (first === undefined || dataset === null) return;
    const asked = second === undefined ? [first.id] : [first.id, second.id];
    run(async () => setResult(await api.compare(asked, dataset, heldOut ? "held_out" : "all")));
  };
  return (
    <>
      <Card title="Compare models" main>
        <form onSubmit={compare}>
          <div class="fields">
            <ModelChoice
              {...{ label: "Model", none: "choose a model", value: first?.id ?? null, models }}
              onChange={chooseFirst}
            />
            {first !== undefined && (
              <>
                <ModelChoice
                  {...{ label: "With", none: "none: judge it alone", value: second?.id ?? null }}
                  models={models.filter((model) => model.id !== first.id && sameLabel(model, first))}
                  onChange={(id) => choose({ models: id === null ? [first.id] : [first.id, id], dataset })}
                />
                <DatasetChoice
                  {...{ model: first, value: dataset, datasets }}
                  onChange={(id) => choose({ models: ids, dataset: id })}
                />
                <label class="inline">
                  <input
                    type="checkbox"
                    checked={heldOut}
                    onChange={({ currentTarget }) => {
                      setHeldOut(currentTarget.checked);
                      setResult(null);
                    }}
                  />
                  Only rows held out from those that were trained on this file
                </label>
              </>
            )}
          </div>
          <button type="submit" class="primary" disabled={busy || first === undefined || dataset === null}>
            {second === undefined ? "Judge" : "Compare"}
          </button>
        </form>
        <Problem error={error} />
      </Card>
      <div aria-live="polite">{result !== null && <ComparisonTable comparison={result} titles={titles} />}</div>
    </>
  );
};

/** Two models on the same rows of a data set, or one alone. */
export const CompareView = (given: Chosen) => {
  const { value, failure, refresh } = usePoll(
    "compare",
    (signal) => load(given, signal),
    () => null,
  );
  const comparable = value?.models.filter(isComparable) ?? [];
  return (
    <>
      <a class="back" href="#/models">
        ← Models
      </a>
      <Failure failure={failure} retry={refresh} />
      {value === null && failure === null && <p class="muted">Loading…</p>}
      {value !== null && comparable.length === 0 && (
        <Card title="Compare models" main>
          <Empty title="Nothing to compare yet">
            Models that were trained here and predict a label are compared. <a href="#/new">Train one</a>.
          </Empty>
        </Card>
      )}
      {value !== null && comparable.length > 0 && (
        <Form models={comparable} datasets={value.datasets} given={{ models: value.chosen, dataset: given.dataset }} />
      )}
    </>
  );
};
