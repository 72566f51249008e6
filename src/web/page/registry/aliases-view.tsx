import { useState } from "preact/hooks";
import type { Alias } from "../../../domain/models/alias.ts";
import type { AnyModel } from "../../../domain/models/model.ts";
import { api } from "../api.ts";
import { formatAge } from "../format.ts";
import { ListView, type TableColumn } from "../list-view.tsx";
import { Card, Empty, Failure } from "../parts.tsx";
import { usePoll } from "../poll.ts";
import { toFragment } from "../route.ts";
import { AliasForm } from "./alias-form.tsx";
import { titleOf } from "./chosen.ts";
import { ModelChoice } from "./model-choice.tsx";

/** An alias, with the model that it names where that is known: it may be older than those to choose from. */
type NamedModel = Alias & { id: string; title: string };

const columns: readonly TableColumn<NamedModel>[] = [
  {
    title: "Alias",
    cell: ({ name }) => (
      <a class="row-link" href={toFragment({ view: "alias", name })}>
        {name}
      </a>
    ),
  },
  { title: "Names", cell: ({ model, title }) => <a href={`#/models/${model}`}>{title}</a> },
  { title: "Revision", number: true, cell: ({ revision }) => revision },
  { title: "Moved", number: true, cell: ({ updatedAt }) => formatAge(updatedAt, Date.now()) },
];

const named = (aliases: readonly Alias[], models: readonly AnyModel[]): NamedModel[] =>
  aliases.map((alias) => {
    const model = models.find(({ id }) => id === alias.model);
    return { ...alias, id: alias.name, title: model === undefined ? alias.model : titleOf(model) };
  });

/** Names a model that is chosen here. */
const NewAlias = ({ onDone }: { onDone: () => void }) => {
  const [model, setModel] = useState<string | null>(null);
  const { value, failure, refresh } = usePoll(
    "aliases to set",
    async (signal) => ({ models: await api.someModels(signal), aliases: await api.allAliases(signal) }),
    () => 5000,
  );
  const done = (): void => {
    refresh();
    onDone();
  };
  return (
    <Card title="Set an alias">
      <Failure failure={failure} retry={refresh} />
      {value !== null && value.models.length === 0 && (
        <p class="muted">
          There is no model to name yet. <a href="#/new">Train one</a>.
        </p>
      )}
      {value !== null && value.models.length > 0 && (
        <>
          <ModelChoice label="Model" none="choose a model" value={model} models={value.models} onChange={setModel} />
          <AliasForm model={model} aliases={value.aliases} onDone={done} />
        </>
      )}
    </Card>
  );
};

export const AliasesView = () => {
  const [changes, setChanges] = useState(0);
  return (
    <>
      <a class="back" href="#/models">
        ← Models
      </a>
      <ListView
        title="Aliases"
        filter={String(changes)}
        load={async (pageToken, signal) => {
          const [page, models] = await Promise.all([api.aliases(pageToken, signal), api.someModels(signal)]);
          return { ...page, items: named(page.items, models) };
        }}
        columns={columns}
        empty={
          <Empty title="No aliases yet">
            An alias, such as production, is a movable name: it may stand wherever a model's id may, and is moved to a
            newer model in one step.
          </Empty>
        }
      />
      <NewAlias onDone={() => setChanges(changes + 1)} />
    </>
  );
};
