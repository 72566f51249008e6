import { Select } from "../select.tsx";
import { labelsOf, newestFirst, type SortKey, sortKeys, type Wanted } from "./job-list.ts";
import type { AllJobs } from "./use-all-jobs.ts";

const states = ["queued", "running", "paused", "succeeded", "failed", "cancelled"] as const;
const orders: Record<SortKey, readonly [up: string, down: string]> = {
  submitted: ["oldest first", "newest first"],
  name: ["name, A to Z", "name, Z to A"],
  state: ["state, A to Z", "state, Z to A"],
  loss: ["lowest loss first", "highest loss first"],
  result: ["worst result first", "best result first"],
  time: ["shortest first", "longest first"],
};

/** What is looked for, and in which order; labels come to light as jobs are looked at. */
export const JobFilters = ({
  wanted,
  all,
  onWant,
}: {
  wanted: Wanted;
  all: AllJobs;
  onWant: (change: Partial<Wanted>) => void;
}) => {
  const labels = [...new Set(all.jobs.flatMap(labelsOf))].toSorted();
  const known = wanted.label === "" || labels.includes(wanted.label) ? labels : [wanted.label, ...labels];
  return (
    <search class="filters">
      <label class="grows">
        Search
        <input
          type="search"
          placeholder="name, id, task, model or label"
          value={wanted.search}
          onInput={(event) => onWant({ search: event.currentTarget.value })}
        />
      </label>
      <Select
        title="State"
        value={wanted.state}
        options={[["", "all"], ...states.map((name) => [name, name] as const)]}
        onChange={(state) => onWant({ state })}
      />
      {known.length > 0 && (
        <Select
          title="Label"
          value={wanted.label}
          options={[["", "any"], ...known.map((name) => [name, name] as const)]}
          onChange={(label) => onWant({ label })}
        />
      )}
      <Select
        title="Order"
        value={`${wanted.sort} ${wanted.descending}`}
        options={sortKeys.flatMap((key) =>
          [true, false].map((descending) => [`${key} ${descending}`, orders[key][descending ? 1 : 0]] as const),
        )}
        onChange={(chosen) => {
          const [sort, descending] = chosen.split(" ");
          onWant({ sort: sort as SortKey, descending: descending === "true" });
        }}
      />
      {JSON.stringify(wanted) !== JSON.stringify(newestFirst) && (
        <button type="button" onClick={() => onWant(newestFirst)}>
          Reset
        </button>
      )}
    </search>
  );
};
