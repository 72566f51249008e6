import { useState } from "preact/hooks";
import type { Alias } from "../../../domain/models/alias.ts";
import { api } from "../api.ts";
import { Problem, useAction } from "../parts.tsx";

/** As the service takes them (`AliasName`). */
const namePattern = "[a-z][a-z0-9._\\-]{0,62}";

/** Gives a model a name, which it may take from another: that is asked first. */
export const AliasForm = ({
  model,
  aliases,
  onDone,
}: {
  /** What is to be named; null: not chosen yet. */
  model: string | null;
  aliases: readonly Alias[];
  onDone: () => void;
}) => {
  const [name, setName] = useState("");
  const { busy, error, run } = useAction();
  const submit = (event: Event): void => {
    event.preventDefault();
    if (model === null) return;
    const known = aliases.find((alias) => alias.name === name);
    if (known !== undefined && known.model !== model && !confirm(`${name} names ${known.model} now. Move it?`)) return;
    run(async () => {
      try {
        await api.putAlias(name, model, known?.revision ?? null);
        setName("");
      } finally {
        onDone(); // Refused: what has changed meanwhile is shown.
      }
    });
  };
  return (
    <form class="one-line" onSubmit={submit}>
      <label>
        Alias
        <input
          required
          pattern={namePattern}
          title="1 to 63 of a–z, 0–9, '.', '_' or '-', starting with a letter"
          placeholder="production"
          autocapitalize="none"
          autocomplete="off"
          spellcheck={false}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <button type="submit" disabled={busy || model === null}>
        {aliases.some((alias) => alias.name === name) ? "Move it here" : "Set alias"}
      </button>
      <Problem error={error} />
    </form>
  );
};
