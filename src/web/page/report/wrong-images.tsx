import { useState } from "preact/hooks";
import type { Dataset } from "../../../domain/datasets/dataset.ts";
import { api } from "../api.ts";
import { formatNumber, formatPercent } from "../format.ts";
import { Card, Failure } from "../parts.tsx";
import { usePoll } from "../poll.ts";
import { type HeldOutRow, wrongFirst } from "./held-out.ts";

const perPage = 24;

const readUrl = (blob: Blob): Promise<string> =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(new Error("the picture could not be read"));
    reader.readAsDataURL(blob);
  });

const toPictures = (dataset: string, rows: readonly HeldOutRow[], signal: AbortSignal) =>
  Promise.all(rows.map(async (held) => ({ ...held, url: await readUrl(await api.image(dataset, held.row, signal)) })));

/** Held-out pictures with what the model said of them: wrong answers first, the surest at the top. */
export const WrongImages = ({ dataset, heldOut }: { dataset: Dataset["id"]; heldOut: readonly HeldOutRow[] }) => {
  const [page, setPage] = useState(0);
  const ordered = wrongFirst(heldOut);
  const wrong = heldOut.filter(({ truth, prediction }) => truth !== prediction).length;
  const pages = Math.ceil(ordered.length / perPage);
  const { value, failure, refresh } = usePoll(
    `pictures ${dataset} ${page} ${heldOut.length}`,
    (signal) => toPictures(dataset, ordered.slice(page * perPage, (page + 1) * perPage), signal),
    () => null,
  );
  return (
    <Card title="Pictures and answers">
      <p class="muted">
        {formatNumber(wrong)} of {formatNumber(heldOut.length)} held-out pictures were answered wrongly; they come
        first, the surest answers at the top.
      </p>
      <Failure failure={failure} retry={refresh} />
      {value === null && failure === null && <p class="muted">Loading…</p>}
      <ul class="pictures">
        {value?.map(({ row, truth, prediction, confidence, url }) => (
          <li key={row} class={truth === prediction ? "right" : "wrong"}>
            <img alt={`Row ${row}, ${truth}`} src={url} />
            <span class="small">
              {truth === prediction ? (
                prediction
              ) : (
                <>
                  <strong>{prediction}</strong>, is {truth}
                </>
              )}
              {confidence !== null && <span class="muted"> {formatPercent(confidence)}</span>}
            </span>
          </li>
        ))}
      </ul>
      {pages > 1 && (
        <nav class="pager" aria-label="Pages of pictures">
          <button type="button" disabled={page === 0} onClick={() => setPage(page - 1)}>
            ← Back
          </button>
          <button type="button" disabled={page + 1 >= pages} onClick={() => setPage(page + 1)}>
            More →
          </button>
        </nav>
      )}
    </Card>
  );
};
