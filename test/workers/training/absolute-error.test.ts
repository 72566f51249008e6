import { expect, test } from "vitest";
import { randomOf } from "../../stats/conformal/draws.ts";
import { createJobs } from "./jobs.ts";

test("a network of absolute errors is compared by them, with the training rows' median; its importances and learning curve too", async () => {
  const { uniform } = randomOf(5);
  // Skewed labels: their mean is far from their median.
  const rows = Array.from({ length: 300 }, (_, i) => {
    const a = uniform();
    return { part: i < 200 ? "train" : "test", a, y: Math.exp(3 * a) * (0.5 + uniform()) };
  });
  const csv = `part,a,y\n${rows.map(({ part, a, y }) => `${part},${a},${y}`).join("\n")}\n`;
  const jobs = await createJobs();
  try {
    const run = await jobs.train(csv, {
      ...{ task: { type: "regression", label: "y" }, loss: { type: "mean_absolute_error" } },
      model: { type: "mlp", hidden: [8] },
      training: {
        ...{ epochs: 40, split: { column: "part", validation: 0 }, learningCurve: { halvings: 1 } },
        penaltySearch: false,
      },
    });
    const { report, values } = await jobs.modelOf(run);
    if (report.task !== "regression") throw new Error(report.task);
    const [train, held] = ["train", "test"].map((part) => rows.filter((row) => row.part === part));
    const middle = train!.map(({ y }) => y).sort((a, b) => a - b)[99]!;
    const answers = values(...held!.map(({ a }) => ({ a })));
    const gained = held!.map(({ y }, i) => Math.abs(y - middle) - Math.abs(y - answers[i]!));
    const mean = gained.reduce((sum, one) => sum + one, 0) / gained.length;
    expect(report.against).toMatchObject({ measure: "absolute_error", rows: 100, linear: { model: "linear" } });
    expect(report.against!.null.difference.value).toBeCloseTo(mean, 5);
    expect(report.explained?.measure).toBe("absolute_error");
    expect(report.learningCurve?.measure).toBe("absolute_error");
    expect(report.learningCurve?.points.at(-1)?.loss?.value).toBeCloseTo(report.meanAbsoluteError.value, 5);
  } finally {
    await jobs.close();
  }
});
