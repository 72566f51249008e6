import type { ImportedModel } from "../../../domain/models/imported-model.ts";
import { formatBytes, formatNumber } from "../format.ts";
import { Card, Facts } from "../parts.tsx";

const portsOf = (ports: ImportedModel["inputs"]): string =>
  ports
    .map(({ name, shape }) => `${name} [${shape.map((size) => (size === -1 ? "batch" : size)).join(", ")}]`)
    .join("; ");

const Source = ({ source }: { source: string | null }) => {
  if (source === null) return <span class="muted">not stated</span>;
  // Anything else, as given, is not to be followed.
  if (!/^https?:\/\//.test(source)) return <>{source}</>;
  return (
    <a href={source} rel="noreferrer">
      {source}
    </a>
  );
};

/** What is known of a network from a file, and of the file. */
export const ImportedCard = ({ model }: { model: ImportedModel }) => (
  <>
    <Card title="Network">
      <Facts
        facts={[
          ["Inputs", portsOf(model.inputs)],
          ["Outputs", portsOf(model.outputs)],
          ["Architecture", model.architecture],
          ["Head", model.head],
          ["Labels", model.labels === null ? "none" : formatNumber(model.labels.length)],
          ["Trainable tensors", formatNumber(model.trainable.length)],
          ["Frozen tensors", formatNumber(model.frozen.length)],
        ]}
      />
      {[...model.warnings, ...(model.found ?? [])].map((message) => (
        <p key={message} class="small">
          {message}
        </p>
      ))}
    </Card>
    <Card title="File">
      <Facts
        facts={[
          ["Licence", model.licence ?? <span class="muted">not stated</span>],
          ["Source", <Source source={model.source} />],
          ["Format", model.file.opset === null ? model.file.format : `${model.file.format}, opset ${model.file.opset}`],
          ["Written by", model.file.producer === "" ? null : model.file.producer],
          ["Size", formatBytes(model.file.bytes)],
          ["SHA-256 of the file", <code class="break">{model.file.sha256}</code>],
        ]}
      />
    </Card>
  </>
);
