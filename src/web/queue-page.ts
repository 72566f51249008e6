import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { FastifyInstance, FastifyReply } from "fastify";
import { ServiceError } from "../domain/errors.ts";
import type { QueueBoard } from "../queue/queue-board.ts";
import type { Admit, Caller } from "../usecases/admission/caller.ts";
import { contentTypes } from "./assets.ts";
import { contentSecurityPolicy } from "./web.ts";

/** Bull Board sets styles of single elements as attributes, and its page has a base; everything else is as strict as the status page's. */
const boardPolicy = contentSecurityPolicy({ styles: "'self' 'unsafe-inline'", base: "'self'" });

const boardTypes: Record<string, string> = {
  ...contentTypes,
  json: "application/json",
  png: "image/png",
  ico: "image/x-icon",
};

/** Bull Board asks for its own path as it is from the root, which below another path (`/ml/`) only the browser knows. */
const baseScript = `const base = document.querySelector("base");
base.setAttribute("href", new URL(base.href).pathname);
`;

/** Bull Board's files, read when first asked for. */
const readBoardFiles = () => {
  const folder = join(dirname(createRequire(import.meta.url).resolve("@bull-board/ui/package.json")), "dist");
  const names = readdirSync(join(folder, "static"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1));
  const entry = readFileSync(join(folder, "index.ejs"), "utf8");
  const linked = (pattern: RegExp): string[] => [...entry.matchAll(pattern)].map(([, name]) => name ?? "");
  return {
    folder,
    names: new Set(names),
    styles: linked(/href="(static\/[^"]+\.css)"/g),
    scripts: linked(/src="(static\/[^"]+\.js)"/g),
  };
};

/** Its own entry page names fonts of another server and has styles inline. `up` leads from where the page is to `/queues/`. */
const pageOf = (
  files: Pick<ReturnType<typeof readBoardFiles>, "styles" | "scripts">,
  up: string,
  settings: object,
) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Queues · Descent</title>
    <base href="${up}" />
    <script src="base.js"></script>
    <link rel="icon" type="image/svg+xml" id="fav-logo" href="static/images/logo.svg" />
${files.styles.map((name) => `    <link rel="stylesheet" href="${name}" />`).join("\n")}
  </head>
  <body>
    <script id="__UI_CONFIG__" type="application/json">${JSON.stringify(settings).replaceAll("<", "\\u003c")}</script>
    <div id="root"></div>
${files.scripts.map((name) => `    <script defer src="${name}"></script>`).join("\n")}
  </body>
</html>
`;

/** A browser asks its user for a password, and sends it as Basic: the key, under any name. */
const bearerOf = (authorization: string | undefined): string | undefined => {
  const [, encoded] = /^Basic +(\S+)$/i.exec(authorization ?? "") ?? [];
  if (encoded === undefined) return authorization;
  const text = Buffer.from(encoded, "base64").toString();
  return `Bearer ${text.slice(text.indexOf(":") + 1)}`;
};

/** Bull Board under `/queues`, for keys with the scope `admin`: the queues as they are, which nobody can change here. */
export const registerQueuePage = async (app: FastifyInstance, admit: Admit, board: QueueBoard): Promise<void> => {
  let files: ReturnType<typeof readBoardFiles> | null = null;
  const filesOf = () => {
    files ??= readBoardFiles();
    return files;
  };
  const sendFile = (reply: FastifyReply, name: string): FastifyReply => {
    const { folder, names } = filesOf();
    if (!names.has(name)) throw new ServiceError("not_found", "there is nothing here");
    return reply
      .type(boardTypes[name.slice(name.lastIndexOf(".") + 1)] ?? "text/plain")
      .send(readFileSync(join(folder, name)));
  };
  const mayShow =
    ({ tenant, scopes }: Caller) =>
    (other: string): boolean =>
      other === tenant || scopes.has("operator");

  app.addHook("onRequest", async (request, reply) => {
    reply
      .header("cache-control", "private, no-cache")
      .header("www-authenticate", 'Basic realm="descent", charset="UTF-8"');
    request.caller = await admit("viewQueues", bearerOf(request.headers.authorization), request.ip);
    reply.removeHeader("www-authenticate");
  });
  const hidden = { schema: { hide: true } };
  app.get("/queues", hidden, async (_request, reply) => reply.redirect("queues/"));
  app.get("/queues/base.js", hidden, async (_request, reply) => reply.type(contentTypes.js ?? "").send(baseScript));
  app.get<{ Params: { "*": string } }>("/queues/static/*", hidden, async ({ params }, reply) =>
    sendFile(reply, `static/${params["*"]}`),
  );
  app.get<{ Params: { "*": string } }>("/queues/api/*", hidden, async ({ params, query, caller }, reply) => {
    const isShown = caller === null ? () => false : mayShow(caller);
    const { status, body } = await board.ask(`/${params["*"]}`, query as Record<string, unknown>, isShown);
    return reply.code(status).send(body);
  });
  app.get<{ Params: { "*": string } }>("/queues/*", hidden, async ({ params }, reply) => {
    const up = "../".repeat(params["*"].split("/").length - 1) || "./";
    return reply
      .header("content-security-policy", boardPolicy)
      .header("referrer-policy", "same-origin")
      .type("text/html; charset=utf-8")
      .send(pageOf(filesOf(), up, await board.settings()));
  });
};
