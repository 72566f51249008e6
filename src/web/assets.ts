import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { assert } from "../domain/errors.ts";
import { readDocuments } from "./documents.ts";
import { specificationPage } from "./specification-page.ts";

/** One file of the page, held in memory: a dozen small ones in all. */
export interface Asset {
  url: string;
  contentType: string;
  body: Buffer;
  etag: string;
}

/** The page's libraries: what its modules import by name, the file that carries it, and where the page finds it. */
const libraries = [
  { name: "preact", file: "preact/dist/preact.mjs", url: "/assets/vendor/preact.js" },
  { name: "preact/hooks", file: "preact/hooks/dist/hooks.mjs", url: "/assets/vendor/preact-hooks.js" },
  { name: "preact/jsx-runtime", file: "preact/jsx-runtime/dist/jsxRuntime.mjs", url: "/assets/vendor/preact-jsx.js" },
  { name: "uplot", file: "uplot/dist/uPlot.esm.js", url: "/assets/vendor/uplot.js" },
] as const;

export const contentTypes: Record<string, string> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/** The folder of package.json: the same whether this runs from src or from dist. */
const packageRoot = (): string => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    assert(folder !== dirname(folder), "package.json is in a folder above this file");
    folder = dirname(folder);
  }
  return folder;
};

/**
 * Links from the root of the service as seen from where a page is, so that the service may stand below another path (`/ml/`): from
 * `/docs/tables`, `href="/docs"` is `href="../docs"`.
 */
export const relativeLinks = (url: string, html: string): string => {
  const up = "../".repeat(url.split("/").length - 2) || "./";
  return html.replace(/(\s(?:href|src)=")\/(?!\/)/g, `$1${up}`);
};

/**
 * A browser cannot resolve `import … from "preact"`, and an import map would have to be an inline script, which the page's
 * Content-Security-Policy forbids. So the few names are replaced by their URLs, as seen from the module's, when the files are read.
 */
export const resolveNames = (url: string, source: string): string =>
  source.replace(/\b(from\s*|import\s*)"([@\w][\w@/.-]*)"/g, (_, keyword: string, name: string) => {
    const library = libraries.find((candidate) => candidate.name === name);
    assert(library !== undefined, `the page imports only its libraries, not ${name}`);
    const way = posix.relative(posix.dirname(url), library.url);
    return `${keyword}"${way.startsWith(".") ? way : `./${way}`}"`;
  });

const toAsset = (url: string, content: string, extension = url.slice(url.lastIndexOf(".") + 1)): Asset => {
  const contentType = contentTypes[extension];
  assert(contentType !== undefined, `a content type is known for ${url}`);
  const linked = extension === "html" ? relativeLinks(url, content) : content;
  const body = Buffer.from(extension === "js" ? resolveNames(url, content) : linked);
  const digest = createHash("sha256").update(body).digest("base64url").slice(0, 22);
  return { url, contentType, body, etag: `"${digest}"` };
};

/** Reads everything the page is made of: static files from src/web/public, code compiled by `npm run build`, libraries from node_modules. */
export const readAssets = (): Asset[] => {
  const root = packageRoot();
  const read = (path: string): string => readFileSync(path, "utf8");
  const publicFolder = join(root, "src/web/public");
  /** Under the folders' own names, so that modules find each other. */
  const codeFolders = ["web/page", "client"];
  const resolve = createRequire(join(root, "package.json")).resolve;
  const libraryFile = (file: string): string => {
    const [name = ""] = file.split("/");
    // Asked for by its package.json: the libraries' `exports` do not list the files themselves.
    return join(dirname(resolve(`${name}/package.json`)), file.slice(name.length + 1));
  };
  return [
    ...readdirSync(publicFolder).map((name) =>
      name === "index.html"
        ? toAsset("/", read(join(publicFolder, name)), "html")
        : toAsset(`/assets/${name}`, read(join(publicFolder, name))),
    ),
    ...codeFolders.flatMap((folder) =>
      readdirSync(join(root, "dist/src", folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".js"))
        .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
        .map((name) => toAsset(`/assets/${name}`, read(join(root, "dist/src", name)))),
    ),
    ...readDocuments(join(root, "src/web/docs"), { specification: specificationPage() }).flatMap(({ name, html }) =>
      (name === "index" ? ["/docs", "/docs/"] : [`/docs/${name}`]).map((url) => toAsset(url, html, "html")),
    ),
    ...libraries.map(({ file, url }) => toAsset(url, read(libraryFile(file)))),
    toAsset("/assets/vendor/uplot.css", read(libraryFile("uplot/dist/uPlot.min.css"))),
  ];
};
