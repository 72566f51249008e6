import { formatAge, formatMetric, formatMetricName, formatNumber, formatSeconds, formatWord } from "../format.ts";
import { Progress, StateBadge } from "../parts.tsx";
import { type ListedJob, labelsOf, type SortKey, type Wanted } from "./job-list.ts";

const Loss = ({ job: { trainLoss, validationLoss } }: { job: ListedJob }) => {
  if (trainLoss === null && validationLoss === null) return <>–</>;
  return (
    <span class="pair">
      {trainLoss !== null && <span title="train">{formatNumber(trainLoss)}</span>}
      {validationLoss !== null && (
        <span class="muted small" title="validation">
          {formatNumber(validationLoss)} val.
        </span>
      )}
    </span>
  );
};

const Result = ({ job: { result } }: { job: ListedJob }) =>
  result === null ? (
    <>–</>
  ) : (
    <span class="pair">
      <strong>{formatMetric(result.name, result.value)}</strong>
      <span class="muted small">{formatMetricName(result.name).toLowerCase().replace("r²", "R²")}</span>
    </span>
  );

const columns: readonly { title: string; sort?: SortKey; number?: boolean }[] = [
  { title: "Job", sort: "name" },
  { title: "State", sort: "state" },
  { title: "Progress" },
  { title: "Loss", sort: "loss", number: true },
  { title: "Result", sort: "result", number: true },
  { title: "Time", sort: "time", number: true },
];

const Head = ({ wanted, onWant }: { wanted: Wanted; onWant: (change: Partial<Wanted>) => void }) => (
  <thead>
    <tr>
      <th scope="col">
        <span class="unseen">Chosen</span>
      </th>
      {columns.map(({ title, sort, number = false }) => {
        const sorted = sort === wanted.sort ? (wanted.descending ? "descending" : "ascending") : undefined;
        return (
          <th key={title} scope="col" class={number ? "number" : undefined} aria-sort={sorted}>
            {sort === undefined ? (
              title
            ) : (
              <button
                type="button"
                class="sort"
                onClick={() => onWant({ sort, descending: sorted === "ascending" || (number && sorted === undefined) })}
              >
                {title}
                <span aria-hidden="true">{sorted === undefined ? "" : sorted === "descending" ? " ↓" : " ↑"}</span>
              </button>
            )}
          </th>
        );
      })}
    </tr>
  </thead>
);

const Line = ({
  job,
  chosen,
  onChoose,
  onWant,
}: {
  job: ListedJob;
  chosen: boolean;
  onChoose: () => void;
  onWant: (change: Partial<Wanted>) => void;
}) => (
  <tr class={chosen ? "chosen" : undefined}>
    <td class="choice">
      <input type="checkbox" aria-label={`Choose ${job.name}`} checked={chosen} onChange={onChoose} />
    </td>
    <td data-label="Job">
      <a class="row-link" href={`#/jobs/${job.id}`}>
        {job.name}
      </a>
      <span class="muted small">
        {formatWord(job.task)}, {formatWord(job.model)}
      </span>
      {labelsOf(job).map((label) => (
        <button key={label} type="button" class="tag" onClick={() => onWant({ label })}>
          {label}
        </button>
      ))}
    </td>
    <td data-label="State">
      <StateBadge state={job.state} />
    </td>
    <td data-label="Progress">
      <Progress share={job.progress} label={`Progress of ${job.name}`} />
    </td>
    <td data-label="Loss" class="number">
      <Loss job={job} />
    </td>
    <td data-label="Result" class="number">
      <Result job={job} />
    </td>
    <td data-label="Time" class="number">
      <span class="pair">
        <span>{job.seconds === null ? "–" : formatSeconds(job.seconds)}</span>
        <span class="muted small">{formatAge(job.createdAt, Date.now())}</span>
      </span>
    </td>
  </tr>
);

/** A page of jobs; those that are chosen stay so on other pages. */
export const JobTable = ({
  jobs,
  wanted,
  selected,
  onWant,
  onSelect,
}: {
  jobs: readonly ListedJob[];
  wanted: Wanted;
  selected: ReadonlySet<string>;
  onWant: (change: Partial<Wanted>) => void;
  onSelect: (ids: ReadonlySet<string>) => void;
}) => {
  const toggle = (id: string): void => {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    onSelect(next);
  };
  return (
    <table class="list jobs">
      <Head wanted={wanted} onWant={onWant} />
      <tbody>
        {jobs.map((job) => (
          <Line key={job.id} job={job} chosen={selected.has(job.id)} onChoose={() => toggle(job.id)} onWant={onWant} />
        ))}
      </tbody>
    </table>
  );
};
