import { useRef, useState } from "preact/hooks";
import { pointsOfLastFit } from "../../../client/last-fit.ts";
import type { Job, MetricPoint } from "../../../domain/jobs/job.ts";
import { api, toFailure } from "../api.ts";
import { LineChart } from "../charts/line-chart.tsx";
import { formatMetric, formatMetricName, formatNumber, formatSeconds } from "../format.ts";
import { Table } from "../list-view.tsx";
import { Card, Empty, Failure, StateBadge } from "../parts.tsx";
import { usePoll } from "../poll.ts";
import { Select } from "../select.tsx";
import { placesOf } from "./epoch-places.ts";
import { jobSeconds } from "./job-seconds.ts";

interface Course {
  job: Job;
  points: readonly MetricPoint[];
}

const most = 16;

/** What is measured along a course, by name. */
const measureOf = (point: MetricPoint, measure: string): number | null => {
  if (measure === "trainLoss" || measure === "gradientNorm" || measure === "learningRate") return point[measure];
  return point.metrics[measure] ?? null;
};

const measuresOf = (courses: readonly Course[]): string[] => [
  ...new Set([
    "trainLoss",
    ...courses.flatMap(({ points }) => points.flatMap(({ metrics }) => Object.keys(metrics))),
    ...["gradientNorm", "learningRate"],
  ]),
];

const axes = { epochs: "epochs", steps: "steps", seconds: "seconds of computing" } as const;
type Axis = keyof typeof axes;

const placesAlong = ({ job, points }: Course, axis: Axis): number[] => {
  if (axis === "epochs") return placesOf(points, job.plan.stepsPerEpoch);
  return points.map(({ step, seconds }) => (axis === "steps" ? step : seconds));
};

/** "species, version" twice is told apart by the id's last letters. */
const nameOf = ({ job }: Course, courses: readonly Course[]): string =>
  courses.filter((other) => other.job.spec.name === job.spec.name).length > 1
    ? `${job.spec.name} …${job.id.slice(-4)}`
    : job.spec.name;

const Overlay = ({ courses }: { courses: readonly Course[] }) => {
  const [measure, setMeasure] = useState("trainLoss");
  const [axis, setAxis] = useState<Axis>("epochs");
  const [log, setLog] = useState(false);
  const lines = courses
    .map((course, hue) => {
      const places = placesAlong(course, axis);
      const points = course.points.flatMap((point, i) => {
        const value = measureOf(point, measure);
        return value === null ? [] : [[places[i]!, value] as const];
      });
      return { name: nameOf(course, courses), hue, points };
    })
    .filter(({ points }) => points.length > 0);
  const title = formatMetricName(measure);
  return (
    <>
      <div class="actions">
        <Select
          inline
          title="Measure"
          value={measure}
          options={measuresOf(courses).map((name) => [name, formatMetricName(name)] as const)}
          onChange={setMeasure}
        />
        <Select
          inline
          title="Along"
          value={axis}
          options={(Object.keys(axes) as Axis[]).map((name) => [name, axes[name]] as const)}
          onChange={setAxis}
        />
        <label class="inline">
          <input type="checkbox" checked={log} onChange={(event) => setLog(event.currentTarget.checked)} />
          Logarithmic
        </label>
      </div>
      {lines.length === 0 ? (
        <p class="muted">None of these jobs has measured this yet.</p>
      ) : (
        <div class="full">
          <LineChart
            title={`${title} of ${lines.length} ${lines.length === 1 ? "job" : "jobs"}`}
            described={`${title} along ${axes[axis]}: ${lines.map(({ name, points }) => `${name} ends at ${formatNumber(points.at(-1)![1])}`).join(", ")}`}
            x={{ title: axes[axis] }}
            y={{ title, log }}
            lines={lines}
            legend
            width={900}
            height={380}
          />
        </div>
      )}
    </>
  );
};

const Ends = ({ courses }: { courses: readonly Course[] }) => (
  <Table
    items={courses}
    keyOf={({ job }) => job.id}
    columns={[
      {
        title: "Job",
        cell: (course) => (
          <a class="row-link" href={`#/jobs/${course.job.id}`}>
            {nameOf(course, courses)}
          </a>
        ),
      },
      { title: "State", cell: ({ job }) => <StateBadge state={job.state} /> },
      {
        title: "Model",
        cell: ({ job }) => `${job.spec.model.type}, ${formatNumber(job.plan.parameters)} parameters`,
      },
      ...["trainLoss", "validationLoss", "testLoss", "testAccuracy", "testR2"]
        .filter((name) => courses.some(({ job }) => job.metrics[name] !== undefined))
        .map((name) => ({
          ...{ title: formatMetricName(name), number: true },
          cell: ({ job }: Course) => {
            const value = job.metrics[name];
            return value === undefined ? "–" : formatMetric(name, value);
          },
        })),
      {
        title: "Time",
        number: true,
        cell: ({ job }) => {
          const seconds = jobSeconds(job, Date.now());
          return seconds === null ? "–" : formatSeconds(seconds);
        },
      },
    ]}
  />
);

/** The jobs that there are, with their points: of those that are known only new ones are asked for. What was deleted hides no other. */
const useCourses = (asked: readonly string[]) => {
  const known = useRef(new Map<string, Course>());
  const load = async (id: string, signal: AbortSignal): Promise<Course | null> => {
    const before = known.current.get(id);
    if (before?.job.done === true) return before;
    try {
      // In this order: a job that is seen as done has all its points recorded.
      const job = await api.job(id, signal);
      const course = { job, points: await api.metrics(id, before?.points ?? [], signal) };
      known.current.set(id, course);
      return course;
    } catch (error) {
      if (toFailure(error).status === 404) return null;
      throw error;
    }
  };
  return usePoll(
    `curves ${asked.join()}`,
    async (signal) => {
      const loaded = await Promise.all(asked.map((id) => load(id, signal)));
      return {
        courses: loaded
          .filter((course) => course !== null)
          .map(({ job, points }) => ({ job, points: pointsOfLastFit(points) })),
        gone: asked.filter((_, i) => loaded[i] === null),
      };
    },
    ({ courses }) => (courses.some(({ job }) => !job.done) ? 3000 : null),
  );
};

/** The curves of several jobs over each other. */
export const CurvesView = ({ jobs }: { jobs: readonly string[] }) => {
  const asked = [...new Set(jobs)].slice(0, most);
  const { value, failure, refresh } = useCourses(asked);
  const courses = value?.courses ?? [];
  return (
    <>
      <a class="back" href="#/jobs">
        ← Jobs
      </a>
      <Failure failure={failure} retry={refresh} />
      <Card title="Curves" main>
        {asked.length === 0 && (
          <Empty title="No job is chosen">
            Choose some in the <a href="#/jobs">list of jobs</a>; their curves are drawn over each other here.
          </Empty>
        )}
        {asked.length > 0 && value === null && failure === null && <p class="muted">Loading…</p>}
        {jobs.length > most && (
          <p class="notice plain">
            {most} of {jobs.length} jobs are shown.
          </p>
        )}
        {value !== null && value.gone.length > 0 && (
          <p class="notice plain" role="status">
            {value.gone.length === 1
              ? "One of these jobs is not there"
              : `${value.gone.length} of these jobs are not there`}{" "}
            any more: {value.gone.join(", ")}
          </p>
        )}
        {courses.length > 0 && <Overlay courses={courses} />}
      </Card>
      {courses.length > 0 && (
        <Card title="Where they are">
          <Ends courses={courses} />
        </Card>
      )}
    </>
  );
};
