import type { AnyModel } from "../../../domain/models/model.ts";
import { api } from "../api.ts";
import { formatDate, formatNumber, formatWord } from "../format.ts";
import { Card, Facts, Failure } from "../parts.tsx";
import { usePoll } from "../poll.ts";
import { toFragment } from "../route.ts";
import { AliasForm } from "./alias-form.tsx";
import { LineageTree } from "./lineage-tree.tsx";

/** A model's place among the others: its aliases, where it comes from and what came of it. */
export const ModelRegistry = ({ model }: { model: AnyModel }) => {
  const { value, failure, refresh } = usePoll(
    `registry ${model.id}`,
    async (signal) => {
      const [lineage, aliases] = await Promise.all([api.lineage(model.id, signal), api.allAliases(signal)]);
      return { lineage, aliases };
    },
    () => 5000,
  );
  const own = value?.aliases.filter((alias) => alias.model === model.id) ?? [];
  return (
    <>
      <Card title="Aliases">
        <Failure failure={failure} retry={refresh} />
        {value !== null && own.length === 0 && <p class="muted">No alias names this model.</p>}
        {own.length > 0 && (
          <ul class="tags">
            {own.map(({ name }) => (
              <li key={name}>
                <a class="tag" href={toFragment({ view: "alias", name })}>
                  {name}
                </a>
              </li>
            ))}
          </ul>
        )}
        {value !== null && <AliasForm model={model.id} aliases={value.aliases} onDone={refresh} />}
      </Card>
      <Card title="Lineage">
        {value !== null && <LineageTree lineage={value.lineage} />}
        <Facts
          facts={[
            ["Task", "task" in model ? formatWord(model.task.type) : null],
            ["Parameters", formatNumber(model.parameters)],
            ["Made", formatDate(model.createdAt)],
            ["Digest of the weights", <code class="break">{model.digest}</code>],
          ]}
        />
      </Card>
    </>
  );
};
