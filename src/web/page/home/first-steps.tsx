import { here } from "../here.ts";
import { Card } from "../parts.tsx";

/** What to do where nothing has been done yet. */
export const FirstSteps = () => (
  <Card title="No jobs yet">
    <ol class="steps">
      <li>
        <strong>
          <a href="#/new">Upload a table</a>
        </strong>
        <span class="muted">CSV, JSON Lines or Parquet; its types are found out, and its columns shown.</span>
      </li>
      <li>
        <strong>Choose what to predict</strong>
        <span class="muted">A first model takes seconds; everything else has a default.</span>
      </li>
      <li>
        <strong>Read the report, ask the model</strong>
        <span class="muted">
          How good it is on rows that it has not seen, how sure that is, and what it goes by. The{" "}
          <a href={here("docs")}>documents</a> say the rest.
        </span>
      </li>
    </ol>
  </Card>
);
