import { useState } from "preact/hooks";
import type { Dataset } from "../../../domain/datasets/dataset.ts";
import { api } from "../api.ts";
import { Problem, Progress, useAction } from "../parts.tsx";

const toName = (file: string): string => file.replace(/\.[^.]*$/, "") || "data";

/** A button-like area that takes a file by click, keyboard or drop. */
export const Upload = ({ onDone }: { onDone: (dataset: Dataset) => void }) => {
  const [share, setShare] = useState(0);
  const [over, setOver] = useState(false);
  const { busy, error, run } = useAction();
  const start = (file: File | undefined): void => {
    setOver(false);
    if (file === undefined) return;
    setShare(0);
    run(async () => onDone(await api.upload(toName(file.name), file, setShare)));
  };
  return (
    <>
      <label
        class={`drop ${over ? "over" : ""}`}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          start(event.dataTransfer?.files[0]);
        }}
      >
        <input
          type="file"
          accept=".csv,.tsv,.txt,.gz,.zst,.ndjson,.jsonl,.parquet,.zip,.tar,.tgz,text/csv"
          disabled={busy}
          onChange={(event) => start(event.currentTarget.files?.[0])}
        />
        <strong>Choose a CSV file</strong>
        <span class="muted">
          or drop it here. The first line names the columns. JSON Lines, Parquet, and images in a ZIP or TAR file do as
          well.
        </span>
      </label>
      {busy && <Progress share={share} label="Upload" />}
      <Problem error={error} />
    </>
  );
};
