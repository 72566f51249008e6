import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { DescentError } from "../../client/errors.ts";
import type { JobState } from "../../domain/jobs/job-state.ts";
import { apiKey, toFailure } from "./api.ts";
import { formatMetric, formatMetricName, formatPercent } from "./format.ts";
import { isPassing } from "./poll.ts";

export const StateBadge = ({ state }: { state: JobState }) => (
  <span class={`badge state-${state}`}>
    <span class="dot" aria-hidden="true" />
    {state}
  </span>
);

export const Progress = ({ share, label }: { share: number; label: string }) => (
  <span class="progress">
    <progress max={1} value={share} aria-label={label} />
    <span class="progress-text">{formatPercent(share)}</span>
  </span>
);

/** A titled part of a view; `main` makes its title the view's own heading. */
export const Card = ({
  title,
  main = false,
  actions,
  children,
}: {
  title: string;
  main?: boolean;
  actions?: ComponentChildren;
  children: ComponentChildren;
}) => (
  <section class="card" aria-label={title}>
    <div class="card-head">
      {main ? <h1>{title}</h1> : <h2>{title}</h2>}
      {actions}
    </div>
    {children}
  </section>
);

export const Empty = ({ title, children }: { title: string; children: ComponentChildren }) => (
  <div class="empty">
    <p class="empty-title">{title}</p>
    <p>{children}</p>
  </div>
);

/** Asks for the API key that the service wants; it stays in this tab. */
const SignIn = ({ onDone }: { onDone: () => void }) => {
  const [key, setKey] = useState("");
  const refused = apiKey.read() !== null;
  const save = (event: Event): void => {
    event.preventDefault();
    apiKey.save(key.trim());
    onDone();
  };
  return (
    <form class="card sign-in" onSubmit={save}>
      <h2>API key</h2>
      <p>This service asks for an API key. It is kept in this tab only.</p>
      <label>
        Key
        <input
          type="password"
          autocomplete="off"
          required
          aria-invalid={refused}
          value={key}
          onInput={(event) => setKey(event.currentTarget.value)}
        />
      </label>
      <div role="alert">
        {refused && <p class="fault">The service does not know this key, or it has been revoked.</p>}
      </div>
      <button type="submit" class="primary">
        Continue
      </button>
    </form>
  );
};

const Trouble = ({ failure }: { failure: DescentError }) => {
  const passing = isPassing(failure);
  return (
    <p class={`notice ${passing ? "warn" : "error"}`}>
      <strong>{failure.message}.</strong>
      {passing && " Trying again by itself; what you see below may be out of date."}
    </p>
  );
};

/** What went wrong and what can be done about it; stays in the page so that screen readers hear changes. */
export const Failure = ({ failure, retry }: { failure: DescentError | null; retry: () => void }) => {
  if (failure?.status === 401) return <SignIn onDone={retry} />;
  return (
    <div role="status" aria-live="polite">
      {failure !== null && <Trouble failure={failure} />}
    </div>
  );
};

/** A failed form or button: the message, and each field's remedy. */
export const Problem = ({ error }: { error: DescentError | null }) => (
  <div role="alert">
    {error !== null && (
      <div class="notice error">
        <strong>{error.message}</strong>
        {error.errors.length > 0 && (
          <ul>
            {error.errors.map(({ pointer, detail }) => (
              <li key={pointer + detail}>
                <code>{pointer}</code> {detail}
              </li>
            ))}
          </ul>
        )}
      </div>
    )}
  </div>
);

/** Runs one thing at a time for a button or a form: whether it is busy, what went wrong, and how to start it. */
export const useAction = (): {
  busy: boolean;
  error: DescentError | null;
  run: (work: () => Promise<void>) => void;
} => {
  const [state, setState] = useState<{ busy: boolean; error: DescentError | null }>({ busy: false, error: null });
  const run = (work: () => Promise<void>): void => {
    if (state.busy) return;
    setState({ busy: true, error: null });
    work().then(
      () => setState({ busy: false, error: null }),
      (error: unknown) => setState({ busy: false, error: toFailure(error) }),
    );
  };
  return { ...state, run };
};

/** Puts the name of what is shown into the window's title, once it is known. */
export const useTitle = (name: string | undefined): void => {
  useEffect(() => {
    if (name !== undefined) document.title = `${name} · Descent`;
  }, [name]);
};

/** Names and values; null values are left out. */
export const Facts = ({ facts }: { facts: readonly (readonly [string, ComponentChildren])[] }) => (
  <dl class="facts">
    {facts
      .filter(([, value]) => value !== null)
      .map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
  </dl>
);

export const MetricFacts = ({ metrics }: { metrics: Record<string, number> }) => (
  <Facts
    facts={Object.entries(metrics).map(([name, value]) => [formatMetricName(name), formatMetric(name, value)] as const)}
  />
);

/** "Newer" and "Older" under a list, from page tokens. */
export const Pager = ({
  tokens,
  next,
  words = ["← Newer", "Older →"],
  onChange,
}: {
  tokens: readonly string[];
  next: string | null;
  /** To the page before and the page after. */
  words?: readonly [string, string];
  onChange: (tokens: readonly string[]) => void;
}) =>
  tokens.length === 0 && next === null ? null : (
    <nav class="pager" aria-label="Pages">
      <button type="button" disabled={tokens.length === 0} onClick={() => onChange(tokens.slice(0, -1))}>
        {words[0]}
      </button>
      <button type="button" disabled={next === null} onClick={() => next !== null && onChange([...tokens, next])}>
        {words[1]}
      </button>
    </nav>
  );
