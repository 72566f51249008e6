import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Marked } from "marked";
import { assert } from "../domain/errors.ts";
import { escaped } from "../usecases/models/page/html.ts";

/** A page of the documents, as HTML. */
export interface DocumentPage {
  /** The file's name without its ending. */
  name: string;
  title: string;
  html: string;
}

/** "Two walks" → "two-walks", "Folds' models" → "folds-models": what a link within the page names. */
const slugOf = (html: string): string =>
  html
    .replace(/<[^>]*>|&#?\w+;/g, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");

/** For one page: its tables are counted, as each needs a name of its own. */
const createMarked = (): Marked => {
  const marked = new Marked();
  let tables = 0;
  marked.use({
    renderer: {
      heading({ depth, tokens }) {
        const inner = this.parser.parseInline(tokens);
        return `<h${depth} id="${slugOf(inner)}">${inner}</h${depth}>\n`;
      },
      // Wide tables scroll by themselves, on phones too; whoever uses a keyboard can reach them.
      table(token) {
        const cells = (row: typeof token.header, tag: "th" | "td"): string =>
          row
            .map(({ tokens }) => this.parser.parseInline(tokens))
            // A corner that says nothing heads nothing.
            .map((inner) => (inner === "" ? "<td></td>" : `<${tag}>${inner}</${tag}>`))
            .join("");
        const rows = token.rows.map((row) => `<tr>${cells(row, "td")}</tr>`).join("\n");
        return `<div class="wide" role="region" aria-label="Table ${++tables}" tabindex="0"><table><thead><tr>${cells(token.header, "th")}</tr></thead>\n<tbody>${rows}</tbody></table></div>\n`;
      },
      code({ text }) {
        return `<pre tabindex="0"><code>${escaped(text)}</code></pre>\n`;
      },
    },
  });
  return marked;
};

const titleOf = (source: string, name: string): string => {
  const title = /^# (.+)$/m.exec(source)?.[1];
  assert(title !== undefined, `the page ${name} begins with its title`);
  return title;
};

/** In the order in which index.md links them; the index itself comes first. */
const inOrder = (index: string, names: readonly string[]): string[] => {
  const linked = [...index.matchAll(/\]\(\/docs\/([\w-]+)\)/g)].map(([, name]) => name ?? "");
  const rank = (name: string): number => (name === "index" ? -1 : linked.indexOf(name));
  return [...names].sort((a, b) => rank(a) - rank(b));
};

const frame = (title: string, navigation: string, content: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${escaped(title)} · Descent</title>
    <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
    <link rel="stylesheet" href="/assets/tokens.css" />
    <link rel="stylesheet" href="/assets/style.css" />
    <link rel="stylesheet" href="/assets/documents.css" />
  </head>
  <body>
    <header>
      <a class="skip" href="#content">Skip to the content</a>
      <a class="brand" href="/"><img src="/assets/icon.svg" alt="" width="28" height="28" />Descent</a>
      <nav aria-label="Documents">${navigation}</nav>
    </header>
    <main class="document" id="content" tabindex="-1">
${content}
    </main>
  </body>
</html>
`;

/** Reads the Markdown files of a folder and renders each, and those that were made, with links to the others. */
export const readDocuments = (folder: string, made: Readonly<Record<string, string>> = {}): DocumentPage[] => {
  const sources = new Map([
    ...readdirSync(folder)
      .filter((file) => file.endsWith(".md"))
      .map((file): [string, string] => [file.slice(0, -".md".length), readFileSync(join(folder, file), "utf8")]),
    ...Object.entries(made),
  ]);
  const names = inOrder(sources.get("index") ?? "", [...sources.keys()]);
  const titles = new Map(names.map((name) => [name, titleOf(sources.get(name) ?? "", name)]));
  const urlOf = (name: string): string => (name === "index" ? "/docs" : `/docs/${name}`);
  return names.map((name) => {
    const navigation = [...titles]
      .map(([other, title]) => {
        const here = other === name ? ' aria-current="page"' : "";
        return `<a href="${urlOf(other)}"${here}>${escaped(title)}</a>`;
      })
      .concat('<a href="/docs/api/">API reference</a>')
      .join("");
    const content = createMarked().parse(sources.get(name) ?? "", { async: false });
    const title = titles.get(name) ?? name;
    return { name, title, html: frame(title, navigation, content) };
  });
};
