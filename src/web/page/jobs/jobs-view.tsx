import { useState } from "preact/hooks";
import { api } from "../api.ts";
import { formatNumber } from "../format.ts";
import { Card, Empty, Failure, Pager } from "../parts.tsx";
import { usePoll } from "../poll.ts";
import { toFragment } from "../route.ts";
import { useKept } from "../use-kept.ts";
import { JobFilters } from "./job-filters.tsx";
import { isPlain, newestFirst, select, toListed, type Wanted } from "./job-list.ts";
import { JobTable } from "./job-table.tsx";
import { type AllJobs, useAllJobs } from "./use-all-jobs.ts";

const perPage = 25;

const NoJobs = ({ wanted, onReset }: { wanted: Wanted; onReset: () => void }) =>
  isPlain(wanted) && wanted.state === "" ? (
    <Empty title="No jobs yet">
      Upload a CSV file and <a href="#/new">train a first model</a>; it takes seconds.
    </Empty>
  ) : (
    <Empty title={isPlain(wanted) ? `No job is ${wanted.state}` : "No job is like this"}>
      <button type="button" onClick={onReset}>
        Show all jobs
      </button>
    </Empty>
  );

interface ListProps {
  wanted: Wanted;
  selected: ReadonlySet<string>;
  onWant: (change: Partial<Wanted>) => void;
  onSelect: (ids: ReadonlySet<string>) => void;
  onReset: () => void;
}

/** The newest, page by page as the service has them. */
const PlainList = ({ onReset, ...props }: ListProps) => {
  const { state } = props.wanted;
  const [tokens, setTokens] = useState<readonly string[]>([]);
  const pageToken = tokens.at(-1) ?? null;
  const { value, failure, refresh } = usePoll(
    `jobs ${state} ${pageToken}`,
    (signal) => api.jobs({ state, pageToken }, signal),
    (page) => (page.items.some((job) => !job.done) ? 1000 : 4000),
  );
  return (
    <>
      <Failure failure={failure} retry={refresh} />
      {value === null && failure === null && <p class="muted">Loading…</p>}
      {value?.items.length === 0 && <NoJobs wanted={props.wanted} onReset={onReset} />}
      {value !== null && value.items.length > 0 && (
        <JobTable jobs={value.items.map((job) => toListed(job, Date.now()))} {...props} />
      )}
      <Pager tokens={tokens} next={value?.nextPageToken ?? null} onChange={setTokens} />
    </>
  );
};

/** What is searched for among all jobs, or sorted: page by page as they were found. */
const SearchedList = ({ all, onReset, ...props }: ListProps & { all: AllJobs }) => {
  const [page, setPage] = useState(0);
  const found = select(all.jobs, props.wanted);
  const last = Math.max(0, Math.ceil(found.length / perPage) - 1);
  const shown = found.slice(Math.min(page, last) * perPage, (Math.min(page, last) + 1) * perPage);
  return (
    <>
      <Failure failure={all.failure} retry={onReset} />
      <p class="muted small" role="status">
        {formatNumber(found.length)} {found.length === 1 ? "job" : "jobs"} of {formatNumber(all.jobs.length)}
        {all.complete ? "" : " looked at so far…"}
      </p>
      {found.length === 0 && all.complete && <NoJobs wanted={props.wanted} onReset={onReset} />}
      {shown.length > 0 && <JobTable jobs={shown} {...props} />}
      {last > 0 && (
        <nav class="pager" aria-label="Pages">
          <span class="muted small">
            page {formatNumber(Math.min(page, last) + 1)} of {formatNumber(last + 1)}
          </span>
          <button type="button" disabled={page === 0} onClick={() => setPage(Math.min(page, last) - 1)}>
            ← Back
          </button>
          <button type="button" disabled={page >= last} onClick={() => setPage(page + 1)}>
            More →
          </button>
        </nav>
      )}
    </>
  );
};

/** All jobs: searched, filtered, sorted; some of them chosen for their curves. */
export const JobsView = () => {
  const [wanted, setWanted] = useKept<Wanted>("wanted", newestFirst);
  const [chosen, setChosen] = useKept<readonly string[]>("chosen", []);
  const plain = isPlain(wanted);
  const all = useAllJobs(!plain);
  const props: ListProps = {
    ...{ wanted, selected: new Set(chosen), onSelect: (ids) => setChosen([...ids]) },
    onWant: (change) => setWanted({ ...wanted, ...change }),
    onReset: () => setWanted(newestFirst),
  };
  return (
    <Card
      title="Jobs"
      main
      actions={
        <div class="actions">
          {chosen.length > 0 && (
            <>
              <button type="button" onClick={() => setChosen([])}>
                Choose none
              </button>
              <a class="button" href={toFragment({ view: "curves", jobs: chosen })}>
                Curves of {chosen.length}
              </a>
            </>
          )}
          <a class="button primary" href="#/new">
            New job
          </a>
        </div>
      }
    >
      <JobFilters wanted={wanted} all={all} onWant={props.onWant} />
      {plain ? (
        <PlainList key={wanted.state} {...props} />
      ) : (
        <SearchedList key={`${wanted.search} ${wanted.state} ${wanted.label}`} all={all} {...props} />
      )}
    </Card>
  );
};
