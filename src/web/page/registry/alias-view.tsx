import { useState } from "preact/hooks";
import type { Alias, AliasChange } from "../../../domain/models/alias.ts";
import type { AnyModel } from "../../../domain/models/model.ts";
import { api } from "../api.ts";
import { formatDate } from "../format.ts";
import { Table, type TableColumn } from "../list-view.tsx";
import { Card, Facts, Failure, Problem, useAction, useTitle } from "../parts.tsx";
import { usePoll } from "../poll.ts";
import { titleOf } from "./chosen.ts";
import { ModelChoice } from "./model-choice.tsx";

const Named = ({ model, models }: { model: string | null; models: readonly AnyModel[] }) => {
  if (model === null) return <span class="muted">nothing: it was deleted</span>;
  const known = models.find(({ id }) => id === model);
  return <a href={`#/models/${model}`}>{known === undefined ? model : titleOf(known)}</a>;
};

const columnsWith = (models: readonly AnyModel[]): readonly TableColumn<AliasChange>[] => [
  { title: "When", cell: ({ at }) => formatDate(at) },
  { title: "Named", cell: ({ model }) => <Named model={model} models={models} /> },
  { title: "By", cell: ({ by }) => by ?? "–" },
  { title: "Revision", number: true, cell: ({ revision }) => revision },
];

/** Moves the alias to another model, unless somebody else has moved it since it was shown. */
const Move = ({ alias, models, onDone }: { alias: Alias; models: readonly AnyModel[]; onDone: () => void }) => {
  const [chosen, setChosen] = useState<string | null>(null);
  const { busy, error, run } = useAction();
  const submit = (event: Event): void => {
    event.preventDefault();
    if (chosen === null) return;
    run(async () => {
      try {
        await api.putAlias(alias.name, chosen, alias.revision);
        setChosen(null);
      } finally {
        onDone(); // Refused: what has changed meanwhile is shown.
      }
    });
  };
  return (
    <form class="one-line" onSubmit={submit}>
      <ModelChoice
        label="Move it to"
        none="choose a model"
        value={chosen}
        models={models.filter(({ id }) => id !== alias.model)}
        onChange={setChosen}
      />
      <button type="submit" class="primary" disabled={busy || chosen === null}>
        Move
      </button>
      <Problem error={error} />
    </form>
  );
};

/** An alias: what it names and named, and how to move it or take it away. */
export const AliasView = ({ name }: { name: string }) => {
  const { value, failure, refresh } = usePoll(
    name,
    async (signal) => {
      const [alias, history, models] = await Promise.all([
        api.alias(name, signal),
        api.aliasHistory(name, signal),
        api.someModels(signal),
      ]);
      return { alias, history, models };
    },
    () => 5000,
  );
  useTitle(value?.alias.name);
  const { busy, error, run } = useAction();
  const remove = ({ revision }: Alias): void => {
    if (!confirm(`Delete the alias ${name}? Its model stays; whoever asks for ${name} gets an error from then on.`))
      return;
    run(async () => {
      await api.deleteAlias(name, revision);
      location.hash = "#/aliases";
    });
  };
  return (
    <>
      <a class="back" href="#/aliases">
        ← Aliases
      </a>
      <Failure failure={failure} retry={refresh} />
      {value === null && failure === null && <p class="muted">Loading…</p>}
      {value !== null && (
        <>
          <Card
            title={value.alias.name}
            main
            actions={
              <div class="actions">
                <button type="button" class="danger" disabled={busy} onClick={() => remove(value.alias)}>
                  Delete
                </button>
              </div>
            }
          >
            <Problem error={error} />
            <Facts
              facts={[
                ["Names", <Named model={value.alias.model} models={value.models} />],
                ["Moved last", formatDate(value.alias.updatedAt)],
                ["Made", formatDate(value.alias.createdAt)],
              ]}
            />
            <Move alias={value.alias} models={value.models} onDone={refresh} />
          </Card>
          <Card title="History">
            <Table
              items={value.history}
              keyOf={({ revision }) => String(revision)}
              columns={columnsWith(value.models)}
            />
          </Card>
        </>
      )}
    </>
  );
};
