import type { Dependence, Explained } from "../../../domain/models/explained.ts";
import type { Coefficient } from "../../../domain/models/inference.ts";
import { IntervalChart } from "../charts/interval-chart.tsx";
import { type Line, LineChart } from "../charts/line-chart.tsx";
import { formatCount } from "../format.ts";
import { measureWords } from "../measure-words.ts";

const mostColumns = 20;

const Importances = ({ explained }: { explained: Explained }) => {
  const groups = explained.groups.map(({ columns, importance }) => ({
    ...{ name: columns.join(" + "), estimate: importance },
  }));
  const columns = explained.columns.map(({ column, importance }) => ({ name: column, estimate: importance }));
  const loss = `loss of ${measureWords[explained.measure]}`;
  return (
    <>
      <IntervalChart
        title="Importance of columns"
        axis={loss}
        rows={columns.slice(0, mostColumns)}
        note={`What the model loses while a column's values are exchanged between ${formatCount(explained.rows, "row")}, with 95 % intervals${columns.length > mostColumns ? `; ${columns.length - mostColumns} more columns matter less` : ""}.`}
      />
      {groups.length > 0 && (
        <IntervalChart
          title="Importance of columns that say nearly the same"
          axis={loss}
          rows={groups.slice(0, mostColumns)}
          note="Each alone may seem unimportant, as the others still tell."
        />
      )}
    </>
  );
};

const isNumber = (value: unknown): value is number => typeof value === "number";
const mostClasses = 6;

/** What the model answers on average while a column is set to one value after another. */
const Effect = ({ dependence, rows, label }: { dependence: Dependence; rows: number; label: string }) => {
  const { column, values, answers, individual } = dependence;
  const numbers = values.every(isNumber) ? values.filter(isNumber) : null;
  const pointsOf = (means: readonly number[]) => means.map((mean, i) => [numbers?.[i] ?? i, mean] as const);
  const [first] = answers;
  const single: Line[] =
    answers.length > 1
      ? []
      : individual
          .filter((curve) => curve.class === first?.class)
          .map((curve, i) => ({ name: `row ${i + 1}`, points: pointsOf(curve.values), faint: true }));
  const means = answers.slice(0, mostClasses).map(
    (answer, i): Line => ({
      ...{ name: answer.class ?? "all rows", hue: i, as: values.length > 12 ? "line" : "both" },
      points: pointsOf(answer.mean),
    }),
  );
  const isClass = first?.class !== null;
  const answered = isClass ? (answers.length > 1 ? "probability" : `probability of ${first?.class}`) : label;
  return (
    <LineChart
      title={`Effect of ${column}`}
      described={`Mean answer against ${column}, ${values.length} values`}
      x={{
        title: column,
        ...(numbers === null ? { choices: values.map((value) => (value === null ? "missing" : String(value))) } : {}),
      }}
      y={{ title: answered, ...(isClass ? { including: [0, 1] } : {}) }}
      lines={[...single, ...means]}
      legend={means.length > 1}
      note={`Mean over ${formatCount(rows, "row")}${single.length > 0 ? "; thin, single rows" : ""}.`}
    />
  );
};

export const EffectCharts = ({ explained, label }: { explained: Explained | null; label: string }) =>
  explained === null ? null : (
    <div class="charts">
      <Importances explained={explained} />
      {explained.dependence.map((dependence) => (
        <Effect
          key={dependence.column}
          dependence={dependence}
          rows={explained.dependenceRows || explained.rows}
          label={label}
        />
      ))}
    </div>
  );

const mostTerms = 40;

/** Estimates with their intervals; the intercept is of another kind, and in the table. */
export const CoefficientChart = ({ coefficients }: { coefficients: readonly Coefficient[] }) => {
  const rows = coefficients
    .filter(({ term }) => term !== "(intercept)")
    .flatMap(({ term, class: label, estimate: value, lower, upper }) =>
      value === null
        ? []
        : [{ name: label === undefined ? term : `${label}: ${term}`, estimate: { value, lower, upper } }],
    )
    .slice(0, mostTerms);
  if (rows.length === 0) return null;
  return (
    <div class="charts">
      <IntervalChart
        title="Coefficients"
        axis="change of the linear answer for one unit of the column"
        rows={rows}
        note="With 95 % intervals, in the units of the data, without the intercept."
      />
    </div>
  );
};
