import type { ComponentChildren } from "preact";
import { saveFile } from "../save-file.ts";
import { type ChartData, toCsv, toFileName } from "./chart-data.ts";

/** A chart with its title, its data to take away, and a line on how to read it. */
export const Figure = ({
  title,
  data,
  note,
  wide = false,
  children,
}: {
  title: string;
  data: () => ChartData;
  note?: ComponentChildren;
  /** Over the whole width. */
  wide?: boolean;
  children: ComponentChildren;
}) => (
  <figure class={wide ? "chart wide" : "chart"}>
    <figcaption>
      <span>{title}</span>
      <button
        type="button"
        class="quiet"
        aria-label={`${title}: data as CSV`}
        onClick={() => saveFile(toFileName(title), new Blob([toCsv(data())], { type: "text/csv" }))}
      >
        CSV
      </button>
    </figcaption>
    {children}
    {note !== undefined && <p class="muted small">{note}</p>}
  </figure>
);
