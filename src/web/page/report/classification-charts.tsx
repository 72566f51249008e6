import type { ClassificationReport } from "../../../domain/models/report.ts";
import { LineChart } from "../charts/line-chart.tsx";
import { MatrixChart } from "../charts/matrix-chart.tsx";
import { formatNumber, formatPercent } from "../format.ts";
import { NumberHeads, Scrolled } from "../scrolled.tsx";

const unit = { including: [0, 1] };

const Operating = ({ operating, areaUnderRoc }: Pick<ClassificationReport, "operating" | "areaUnderRoc">) => {
  if (operating === null) return null;
  const { points, positive, thresholds, averagePrecision, bestF1, leastCost } = operating;
  const roc = points.map((point) => [point.falsePositiveRate, point.truePositiveRate] as const);
  const recall = points.map((point) => [point.truePositiveRate, point.precision] as const);
  const area = areaUnderRoc === null ? "" : `, area ${formatNumber(areaUnderRoc.value)}`;
  return (
    <>
      <LineChart
        title="ROC"
        described={`ROC curve of ${positive}${area}`}
        x={{ title: "false positive rate", ...unit }}
        y={{ title: "true positive rate", ...unit }}
        lines={[{ name: positive, points: [[0, 0], ...roc, [1, 1]] }]}
        diagonal
        note={`Of ${positive}, over ${formatNumber(thresholds)} thresholds${area}; on the dashed line is chance.`}
      />
      <LineChart
        title="Precision and recall"
        described={`Precision against recall of ${positive}, average precision ${formatNumber(averagePrecision)}`}
        x={{ title: "recall", ...unit }}
        y={{ title: "precision", ...unit }}
        lines={[{ name: positive, points: recall }]}
        note={`Average precision ${formatNumber(averagePrecision)}; the best F1 is at the threshold ${formatNumber(bestF1)}, the least cost at ${formatNumber(leastCost)}.`}
      />
    </>
  );
};

const Calibration = ({ calibration }: Pick<ClassificationReport, "calibration">) => {
  if (calibration.length === 0) return null;
  return (
    <LineChart
      title="Calibration"
      described={`Share of right answers against confidence in ${calibration.length} bins`}
      x={{ title: "mean confidence of the answer", ...unit }}
      y={{ title: "share of right answers", ...unit }}
      lines={[
        {
          name: "bins of equally many rows",
          as: "both",
          points: calibration.map(({ confidence, accuracy }) => [confidence, accuracy] as const),
        },
      ]}
      diagonal
      note="On the dashed line, probabilities are what they say; below it they promise too much."
    />
  );
};

const mostClasses = 30;

/** Each row of the picture is a class: its rows by answer, the fuller the larger their share. */
const Confusion = ({ classes, confusion }: Pick<ClassificationReport, "classes" | "confusion">) => {
  if (confusion === null || classes.length > mostClasses) return null;
  const labels = classes.map(({ label }) => label);
  const totals = confusion.map((counts) =>
    Math.max(
      1,
      counts.reduce((sum, count) => sum + count, 0),
    ),
  );
  const wrong = confusion.reduce(
    (sum, counts, i) => sum + counts.reduce((own, count, j) => own + (i === j ? 0 : count), 0),
    0,
  );
  return (
    <MatrixChart
      title="Confusion"
      described={`Rows by class and answer: ${wrong} of ${totals.reduce((sum, each) => sum + each, 0)} are wrong`}
      across="answer (rows)"
      up="class"
      columns={labels}
      rows={labels}
      cells={confusion}
      shadeOf={(count, i, j) => ({ share: count / totals[i]!, hue: i === j ? 0 : 1 })}
      shown={formatNumber}
      note="Blue is right, orange wrong; the fuller, the larger the share of the class."
    />
  );
};

const Classes = ({ classes }: Pick<ClassificationReport, "classes">) => {
  const shown = classes.slice(0, mostClasses);
  return (
    <Scrolled label="Classes">
      <table class="list">
        <caption>Classes, with 95 % intervals</caption>
        <NumberHeads first="Class" numbers={["Rows", "Answered", "Precision", "Recall"]} />
        <tbody>
          {shown.map(({ label, rows, predicted, precision, recall }) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td data-label="Rows" class="number">
                {formatNumber(rows)}
              </td>
              <td data-label="Answered" class="number">
                {formatNumber(predicted)}
              </td>
              {[precision, recall].map((share, i) => (
                <td key={i} data-label={i === 0 ? "Precision" : "Recall"} class="number">
                  {share === null ? (
                    "–"
                  ) : (
                    <span class="pair">
                      <span>{formatPercent(share.value)}</span>
                      {share.lower !== null && share.upper !== null && (
                        <span class="muted small">
                          {formatPercent(share.lower)} to {formatPercent(share.upper)}
                        </span>
                      )}
                    </span>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {classes.length > shown.length && <p class="muted small">… and {classes.length - shown.length} more classes</p>}
    </Scrolled>
  );
};

export const ClassificationCharts = ({ report }: { report: ClassificationReport }) => (
  <>
    <div class="charts">
      <Confusion classes={report.classes} confusion={report.confusion} />
      <Calibration calibration={report.calibration} />
      <Operating operating={report.operating} areaUnderRoc={report.areaUnderRoc} />
    </div>
    <Classes classes={report.classes} />
  </>
);
