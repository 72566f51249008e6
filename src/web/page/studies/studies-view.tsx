import type { Study } from "../../../domain/studies/study.ts";
import { api } from "../api.ts";
import { formatAge, formatMetric, formatMetricName } from "../format.ts";
import { ListView, type TableColumn } from "../list-view.tsx";
import { Empty, Progress, StateBadge } from "../parts.tsx";

const Best = ({ study: { best, spec } }: { study: Study }) =>
  best === null ? (
    <>–</>
  ) : (
    <span class="pair">
      <strong>{formatMetric(spec.objective.metric, best.value)}</strong>
      <span class="muted small">{formatMetricName(spec.objective.metric)}</span>
    </span>
  );

const columns: readonly TableColumn<Study>[] = [
  {
    title: "Study",
    cell: ({ id, name }) => (
      <a class="row-link" href={`#/studies/${id}`}>
        {name}
      </a>
    ),
  },
  { title: "State", cell: ({ state }) => <StateBadge state={state} /> },
  { title: "Progress", cell: ({ progress, name }) => <Progress share={progress} label={`Progress of ${name}`} /> },
  { title: "Trials", number: true, cell: ({ counts, spec }) => `${counts.trials} of ${spec.trials}` },
  { title: "Best", number: true, cell: (study) => <Best study={study} /> },
  { title: "Submitted", number: true, cell: ({ createdAt }) => formatAge(createdAt, Date.now()) },
];

export const StudiesView = () => (
  <ListView
    title="Studies"
    load={api.studies}
    everyMs={(page) => (page.items.some(({ done }) => !done) ? 1500 : 5000)}
    columns={columns}
    empty={
      <Empty title="No studies yet">
        A study searches for hyper-parameters. <a href="#/datasets">Open a data set</a> to begin one.
      </Empty>
    }
  />
);
