import { useState } from "preact/hooks";
import type { Cell, Row } from "../../../domain/datasets/dataset.ts";
import type { FeatureTransform, Model } from "../../../domain/models/model.ts";
import type { Prediction, PredictResponse } from "../../../domain/models/predictions/prediction.ts";
import { api } from "../api.ts";
import { formatNumber, formatPercent } from "../format.ts";
import { Card, Facts, Problem, useAction } from "../parts.tsx";

/** What a typed text means to the model: empty is a missing cell. */
const toCell = (feature: FeatureTransform, text: string): Cell => {
  if (text === "") return null;
  return feature.type === "number" ? Number(text) : text;
};

/** A number in the middle of those of training. */
const middleOf = ({ mean, logShift, quantiles }: Extract<FeatureTransform, { type: "number" }>): number => {
  const scaled = quantiles === undefined ? mean : quantiles.values[quantiles.values.length >> 1]!;
  return logShift === undefined ? scaled : Math.exp(scaled) - logShift;
};

const firstText = (feature: FeatureTransform): string => {
  if (feature.type === "image" || feature.type === "text") return "";
  if (feature.type === "datetime") return new Date(Math.round(feature.mean) * 86_400_000).toISOString().slice(0, 10);
  return feature.type === "number" ? String(Number(middleOf(feature).toPrecision(4))) : (feature.categories[0] ?? "");
};

/** A chosen file as a prediction takes it: base64 behind the words of a data URL. */
const readPicture = (file: File): Promise<string> =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(new Error(`${file.name} could not be read`));
    reader.readAsDataURL(file);
  });

const Picture = ({ column, value, onChange }: { column: string; value: string; onChange: (value: string) => void }) => (
  <>
    <input
      id={`feature-${column}`}
      type="file"
      accept="image/png,image/jpeg,image/webp"
      onChange={(event) => {
        const file = event.currentTarget.files?.[0];
        if (file !== undefined) void readPicture(file).then(onChange, () => onChange(""));
      }}
    />
    {value !== "" && (
      <img class="thumbnail" alt={column} src={value.startsWith("data:") ? value : `data:image/png;base64,${value}`} />
    )}
  </>
);

const Field = ({
  feature,
  value,
  onChange,
}: {
  feature: FeatureTransform;
  value: string;
  onChange: (value: string) => void;
}) => (
  <div class="field">
    <label for={`feature-${feature.column}`}>{feature.column}</label>
    {feature.type === "image" ? (
      <Picture column={feature.column} value={value} onChange={onChange} />
    ) : feature.type === "datetime" || feature.type === "text" ? (
      <input
        id={`feature-${feature.column}`}
        placeholder={feature.type === "text" ? "words" : "2026-03-29T01:30:00Z"}
        value={value}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    ) : feature.type === "number" ? (
      <input
        id={`feature-${feature.column}`}
        type="number"
        step="any"
        placeholder="missing"
        value={value}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    ) : (
      <select id={`feature-${feature.column}`} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">missing</option>
        {feature.categories.map((category) => (
          <option key={category} value={category}>
            {category}
          </option>
        ))}
      </select>
    )}
  </div>
);

const Answer = ({ prediction, label }: { prediction: Prediction; label: string }) => {
  if ("label" in prediction && !("outputs" in prediction)) {
    const ranked = Object.entries(prediction.probabilities).sort(([, a], [, b]) => b - a);
    return (
      <>
        <p class="answer">
          {label}: <strong>{prediction.label}</strong>
        </p>
        <ul class="shares">
          {ranked.slice(0, 10).map(([name, share]) => (
            <li key={name}>
              <span>{name}</span>
              <progress max={1} value={share} aria-label={`Probability of ${name}`} />
              <span class="number">{formatPercent(share)}</span>
            </li>
          ))}
        </ul>
      </>
    );
  }
  if ("value" in prediction) {
    const { value, quantiles } = prediction;
    return (
      <p class="answer">
        {label}: <strong>{formatNumber(value)}</strong>
        {quantiles !== undefined && `, between ${formatNumber(quantiles.lower)} and ${formatNumber(quantiles.upper)}`}
      </p>
    );
  }
  return <Facts facts={Object.entries(prediction).map(([name, value]) => [name, JSON.stringify(value)] as const)} />;
};

const mostWarnings = 10;

/** What the row has that training had not. */
const Warnings = ({ answer: { warnings, furtherWarnings } }: { answer: PredictResponse }) => {
  const further = warnings.length - mostWarnings + furtherWarnings;
  return (
    <>
      {warnings.slice(0, mostWarnings).map(({ column, code, message }) => (
        <p key={column + code} class="notice plain">
          {message}
        </p>
      ))}
      {further > 0 && <p class="small">… and {further} more</p>}
    </>
  );
};

/** Predict one row by hand; the first values are the training data's average row. */
export const TryIt = ({ model }: { model: Model }) => {
  const { features } = model.preprocessing;
  const [texts, setTexts] = useState<Record<string, string>>(() =>
    Object.fromEntries(features.map((feature) => [feature.column, firstText(feature)])),
  );
  const [answer, setAnswer] = useState<PredictResponse | null>(null);
  const { busy, error, run } = useAction();
  const { dataset } = model;
  const fill = (): void =>
    run(async () => {
      if (dataset === null) return;
      const { rows } = await api.rows(dataset, 100);
      const row = rows[Math.floor(Math.random() * rows.length)] ?? {};
      setTexts(Object.fromEntries(features.map(({ column }) => [column, String(row[column] ?? "")])));
    });
  const predict = (event: Event): void => {
    event.preventDefault();
    run(async () => {
      const row: Row = Object.fromEntries(
        features.map((feature) => [feature.column, toCell(feature, texts[feature.column] ?? "")]),
      );
      setAnswer(await api.predict(model.id, [row]));
    });
  };
  return (
    <Card title="Try it">
      <form onSubmit={predict}>
        <div class="fields dense">
          {features.map((feature) => (
            <Field
              key={feature.column}
              feature={feature}
              value={texts[feature.column] ?? ""}
              onChange={(value) => setTexts({ ...texts, [feature.column]: value })}
            />
          ))}
        </div>
        <div class="actions">
          <button type="submit" class="primary" disabled={busy}>
            Predict
          </button>
          {dataset !== null && (
            <button type="button" disabled={busy} onClick={fill}>
              Take a row of the data set
            </button>
          )}
        </div>
      </form>
      <Problem error={error} />
      <div aria-live="polite">
        {answer?.predictions[0] !== undefined && (
          <Answer prediction={answer.predictions[0]} label={"label" in model.task ? model.task.label : "Prediction"} />
        )}
        {answer !== null && <Warnings answer={answer} />}
      </div>
    </Card>
  );
};
