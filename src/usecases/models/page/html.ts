import type { Estimate } from "../../../domain/models/estimate.ts";

/** HTML, as opposed to a text that is to be shown. */
export interface Html {
  readonly html: string;
}

const marks: Readonly<Record<string, string>> = {
  ...{ "&": "&amp;", "<": "&lt;", ">": "&gt;" },
  ...{ '"': "&quot;", "'": "&#39;" },
};

/** A text as HTML shows it, in attributes as well. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (mark) => marks[mark]!);

type Value = Html | string | number | null | readonly Html[];

const toText = (value: Value): string => {
  if (value === null) return "";
  if (typeof value === "string" || typeof value === "number") return escaped(String(value));
  return "html" in value ? value.html : value.map((each) => each.html).join("");
};

/** A template whose values are texts, which are shown as they are, or HTML. */
export const html = (parts: TemplateStringsArray, ...values: readonly Value[]): Html => ({
  html: parts.map((part, i) => part + (i < values.length ? toText(values[i]!) : "")).join(""),
});

export const nothing: Html = { html: "" };

/** A number as a person reads it. */
export const shown = (value: number): string => {
  const rounded = Number(value.toPrecision(4));
  return Math.abs(rounded) >= 1e6 || (rounded !== 0 && Math.abs(rounded) < 1e-4)
    ? rounded.toExponential()
    : String(rounded);
};

export const withInterval = (estimate: Estimate | null): string => {
  if (estimate === null) return "–";
  const { value, lower, upper } = estimate;
  return lower === null || upper === null ? shown(value) : `${shown(value)} (${shown(lower)} to ${shown(upper)})`;
};

export const table = (heads: readonly string[], rows: readonly (readonly (string | number | Html)[])[]): Html => html`
<table><thead><tr>${heads.map((head) => html`<th>${head}</th>`)}</tr></thead>
<tbody>${rows.map((cells) => html`<tr>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody></table>`;

export const section = (title: string, ...parts: readonly Html[]): Html =>
  html`<section><h2>${title}</h2>${parts}</section>`;

/** A plot with what it is of. */
export const figure = (plot: Html, caption: string): Html =>
  html`<figure>${plot}<figcaption>${caption}</figcaption></figure>`;
