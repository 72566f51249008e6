import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browserFlags, browserPath, requireBrowser } from "./browser.ts";
import { blocksOf } from "./document-blocks.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

requireBrowser();

const root = join(import.meta.dirname, "../..");
const iris = readFileSync(join(root, "test/data/iris.csv"));
const addressOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const listen = (server: Server): Promise<void> => new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

describe("a web application", () => {
  const children: ChildProcess[] = [];
  let browser: Browser | undefined;
  const blockOf = (document: string, start: string): string =>
    blocksOf(`src/web/docs/${document}`).find((block) => block.startsWith(start))!;
  let service: Service;
  let dataDir: string;
  /** What the compiler says. */
  let compiled: string;
  /** Of a page whose origin the service lets in. */
  const site = createServer();
  beforeAll(async () => {
    await listen(site);
    dataDir = await createDataDir();
    for (const name of readdirSync(root)) symlinkSync(join(root, name), join(dataDir, name));
    service = await startService(join(dataDir, "state"), { CORS_ORIGINS: addressOf(site) });
    writeFileSync(join(dataDir, "backend.mjs"), blockOf("web-app.md", "// backend.mjs"));
    writeFileSync(join(dataDir, "page.ts"), blockOf("web-app.md", "// page.ts"));
    writeFileSync(join(dataDir, "client.ts"), blockOf("client.md", "import { createDescent }"));
    const strict = "--ignoreConfig --strict --target es2022 --module esnext --moduleResolution bundler --types node";
    const command = `node_modules/.bin/tsc ${strict} --rootDir . --outDir page page.ts client.ts`;
    compiled = await new Promise((resolve) => {
      execFile("bash", ["-c", command], { cwd: dataDir }, (_error, stdout, stderr) => resolve(stdout + stderr));
    });
  });
  afterAll(async () => {
    for (const child of children) {
      child.kill();
      await once(child, "close");
    }
    await browser?.close();
    for (const server of [site, proxy]) {
      server.closeAllConnections();
      server.close();
    }
    await service?.stop();
    await removeDataDir(dataDir);
  });

  /** The document's backend; what it logs is as it is. */
  const startBackend = async (url: string) => {
    const env = { ...process.env, DESCENT_URL: url, PORT: "0" };
    const child = spawn(process.execPath, ["backend.mjs"], { cwd: dataDir, env, stdio: "pipe" });
    children.push(child);
    let log = "";
    child.stderr.on("data", (text: Buffer) => (log += text.toString()));
    const [port] = (await once(child.stdout, "data")) as [Buffer];
    const at = `http://127.0.0.1:${port.toString().trim()}`;
    const post = async (path: string, body: string | Uint8Array<ArrayBuffer>) => {
      const response = await fetch(`${at}${path}`, { method: "POST", body });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    return { at, post, log: () => log };
  };

  const pass = (asked: IncomingMessage, to: string, answered: (answer: IncomingMessage) => void): void => {
    const { method, headers } = asked;
    asked.pipe(request(to, { method, headers: { ...headers, host: new URL(to).host } }, answered));
  };

  /** Stands before the service: a page's stream breaks after its first event, and meets a service that is not ready when it comes back. */
  const heard: IncomingHttpHeaders[] = [];
  let breakStream = (): void => {};
  const proxy = createServer((asked, response) => {
    const isStream = asked.method === "GET" && asked.url?.includes("/events") === true;
    const nth = isStream ? heard.push(asked.headers) : 0;
    if (nth === 2) {
      const cors = { "access-control-allow-origin": asked.headers.origin };
      return void response.writeHead(503, { ...cors, "retry-after": "0" }).end("{}");
    }
    pass(asked, `${service.url}${asked.url}`, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers);
      if (nth !== 1) return void answer.pipe(response);
      answer.on("data", (part: Buffer) => {
        response.write(part);
        if (part.includes("data:")) answer.pause();
      });
      breakStream = () => {
        answer.destroy();
        response.destroy();
      };
    });
  });

  const imports = `<script type="importmap">{"imports":{"descent/client":"/client/descent.js"}}</script>`;
  /** What Vite would serve, at the origin that the service lets in. */
  const serveSite = (backend: string, serviceUrl: string): void => {
    site.on("request", (asked: IncomingMessage, response: ServerResponse) => {
      const { url = "/" } = asked;
      // It has had an event.
      if (url.startsWith("/api/curve")) breakStream();
      if (url.startsWith("/api/"))
        return pass(asked, `${backend}${url}`, (answer) => {
          response.writeHead(answer.statusCode ?? 0, answer.headers);
          answer.pipe(response);
        });
      if (url === "/")
        return void response
          .setHeader("content-type", "text/html")
          .end(`<!doctype html><link rel="icon" href="data:,">${imports}`);
      const folder = url.startsWith("/client/") ? join(root, "dist/src") : join(dataDir, "page");
      const code = readFileSync(join(folder, url), "utf8").replace("http://127.0.0.1:8080", serviceUrl);
      response.setHeader("content-type", "text/javascript").end(code);
    });
  };

  test("has a page and a client that are strict", () => expect(compiled).toBe(""));

  test("has a backend that tells its user what the user can put right, and its owner the rest", async () => {
    const { at, post } = await startBackend(service.url);
    const wrong = [
      ["/api/jobs?name=iris&label=specis", iris, 422, { code: "invalid", errors: [{ pointer: "/task/label" }] }],
      ["/api/jobs?name=iris&label=b", 'a,b\n"1,2\n', 400, { code: "invalid_csv" }],
      [`/api/tokens?job=job_${"0".repeat(26)}`, "", 404, { code: "not_found" }],
      ["/api/predict?model=mdl_gone", "[]", 404, { code: "not_found" }],
      ["/api/predict?model=mdl_gone", "[{", 400, { message: "the body is not JSON" }],
    ] as const;
    for (const [path, sent, status, body] of wrong) expect(await post(path, sent)).toMatchObject({ status, body });
    const away = await startBackend("http://127.0.0.1:1");
    expect(await away.post("/api/jobs?name=iris&label=species", iris)).toEqual({
      ...{ status: 502, body: { status: 502, code: "unavailable", message: "this does not work at the moment" } },
    });
    expect(away.log()).toContain("no service answers at http://127.0.0.1:1");

    const { body } = await post("/api/jobs?name=iris&label=species", iris);
    const { body: token } = await post(`/api/tokens?job=${body.job}`, "");
    const events = await fetch(`${service.url}/v1/jobs/${body.job}/events?token=${token.token}`);
    expect(await events.text()).toMatch(/"state":"succeeded"[\s\S]*event: end\n/);
    const model = String(body.job).replace("job_", "mdl_");
    const fields = await (await fetch(`${at}/api/fields?model=${model}`)).json();
    expect(fields).toContainEqual({ column: "sepal_length", type: "number" });
  });

  test.skipIf(browserPath === undefined)(
    "has a page that follows a job through a service that comes and goes, and asks the model",
    async () => {
      await listen(proxy);
      serveSite((await startBackend(service.url)).at, addressOf(proxy));
      browser = await chromium.launch({ executablePath: browserPath ?? "", args: browserFlags });
      const page = await browser.newPage();
      await page.goto(addressOf(site));
      const csv = JSON.stringify(iris.toString());
      const told = await page.evaluate<Record<string, unknown>>(`(async () => {
      const { train, watch, fieldsOf, toRow, predict, toPolyline } = await import("/page.js");
      const [states, lines] = [[], []];
      const show = (event, curve) => { if (event.type === "state") states.push(event.data.state); lines.push(toPolyline(curve)); };
      const model = await train(new File([${csv}], "iris.csv"), "species", show);
      const fields = await fieldsOf(model);
      const form = new FormData();
      ["5.1", "3.5", "1.4", "0.2"].forEach((text, i) => form.set(fields[i].column, text));
      const { predictions } = await predict(model, [toRow(form, fields)]);
      const gone = await watch("job_${"0".repeat(26)}", show).catch((error) => error.code);
      return { states, points: lines.at(-1).split(" ").length, prediction: predictions[0].label, gone, hash: location.hash };
    })()`);
      expect(told).toEqual({
        ...{ states: ["queued", "running", "succeeded"], points: expect.any(Number) },
        ...{ prediction: "setosa", gone: "not_found", hash: expect.stringMatching(/^#job_/) },
      });
      expect(told.points).toBeGreaterThan(2);
      // The first event, nothing, and all others, each time with a token of its own.
      expect(heard.map((headers) => headers["last-event-id"] === undefined)).toEqual([true, false, false]);
      expect(new Set(heard.map(({ authorization }) => authorization)).size).toBe(3);
    },
  );
});
