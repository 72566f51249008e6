import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
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
import { json, text } from "node:stream/consumers";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import type { Job } from "../../src/domain/jobs/job.ts";
import { browserFlags, browserPath, requireBrowser } from "./browser.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

requireBrowser();

const root = join(import.meta.dirname, "../..");
const documents = [
  "README.md",
  ...readdirSync(join(root, "src/web/docs")).map((name) => `src/web/docs/${name}`),
].sort();

interface Example {
  command: string;
  output: string;
}

/** Indented blocks whose lines begin with `$ `: each such line is a command, what follows is its output. */
const examplesOf = (document: string): Example[] => {
  const examples: Example[] = [];
  let open = false;
  for (const line of readFileSync(join(root, document), "utf8").split("\n")) {
    if (!line.startsWith("    ")) {
      open = open && line === "";
      continue;
    }
    const text = line.slice(4);
    const last = examples.at(-1);
    if (text.startsWith("$ ")) {
      examples.push({ command: text.slice(2), output: "" });
      open = true;
    } else if (open && last !== undefined) {
      if (last.output === "" && last.command.endsWith("\\")) last.command += `\n${text}`;
      else last.output += `${text}\n`;
    }
  }
  return examples;
};

const addressOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const iris = readFileSync(join(root, "test/data/iris.csv"));

/** Indented blocks, each as it stands. */
const blocksOf = (document: string): string[] =>
  [...readFileSync(join(root, document), "utf8").matchAll(/^(?: {4}.*\n+)+/gm)].map(([block]) =>
    block.replace(/^ {4}/gm, ""),
  );

/** How-tos that are one program from block to block; `#> ` begins what it prints. A block that begins with a file's name is that file. */
const programs = [
  { document: "src/web/docs/python.md", command: "/usr/bin/python3", needs: "import grpc, google.protobuf, numpy" },
  { document: "src/web/docs/r.md", command: "Rscript --vanilla", needs: "library(httr); library(jsonlite)" },
];

const idPattern = /(ds|job|mdl|std)_[0-9A-HJKMNP-TV-Z]{26}/;
/** What differs from run to run, and how each may look. `…` stands for whatever was left out. */
const looseParts: readonly [shown: RegExp, allowed: string][] = [
  [/^…/, "[\\s\\S]*?"],
  [/^\d{4}-\d\d-\d\dT[\d:.]+Z/, "\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z"],
  [/^-?\d+(\.\d+)?(e-?\d+)?/, "-?\\d+(?:\\.\\d+)?(?:e-?\\d+)?"],
];

/** A pattern for an output as shown, without its white space; ids that were seen before must be the same ones again. */
const toPattern = (output: string, known: ReadonlyMap<string, string>): { pattern: RegExp; ids: string[] } => {
  // A progress bar is drawn on terminals only.
  const text = output.replace(/^.*\|=+\|.*$/gm, "…").replace(/\s+/g, "");
  const ids: string[] = [];
  let pattern = "";
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at);
    const id = new RegExp(`^${idPattern.source}`).exec(rest)?.[0];
    const loose = looseParts.map(([shown, allowed]) => [shown.exec(rest)?.[0], allowed] as const).find(([hit]) => hit);
    if (id !== undefined) {
      const place = ids.indexOf(id);
      const seen = known.get(id);
      pattern += seen ?? (place < 0 ? `(${idPattern.source.replace("(ds", "(?:ds")})` : `\\${place + 1}`);
      if (seen === undefined && place < 0) ids.push(id);
      at += id.length;
    } else if (loose?.[0] !== undefined) {
      pattern += loose[1];
      at += loose[0].length;
    } else {
      pattern += (rest[0] ?? "").replace(/[\\^$.*+?()[\]{}|/]/, "\\$&");
      at += 1;
    }
  }
  return { pattern: new RegExp(`^${pattern}$`), ids };
};

describe("what the documents show is what a user gets", () => {
  let service: Service;
  let dataDir: string;
  /** Of a page whose origin the service lets in. */
  const site = createServer();

  beforeAll(async () => {
    await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
    dataDir = await createDataDir();
    // Commands are run where a user would run them, but what they write is not left in the repository.
    for (const name of readdirSync(root)) symlinkSync(join(root, name), join(dataDir, name));
    service = await startService(join(dataDir, "state"), { CORS_ORIGINS: addressOf(site) });
  });
  afterAll(async () => {
    site.closeAllConnections();
    site.close();
    await service?.stop();
    await removeDataDir(dataDir);
  });

  const run = (command: string): Promise<string> =>
    new Promise((resolve) => {
      const env = { ...process.env, DESCENT_URL: service.url, npm_config_update_notifier: "false" };
      execFile("bash", ["-c", command], { cwd: dataDir, env, timeout: 60_000 }, (_error, stdout, stderr) =>
        resolve(stdout === "" ? stderr : stdout),
      );
    });

  test.each(documents)("%s", { timeout: 240_000 }, async (document) => {
    const ids = new Map<string, string>();
    for (const { command, output } of examplesOf(document)) {
      let text = command
        .replaceAll("http://127.0.0.1:8080", service.url)
        .replaceAll("127.0.0.1:50051", service.grpc)
        .replace(/^curl /, "curl -sS ");
      for (const [shown, real] of ids) text = text.replaceAll(shown, real);
      const answer = (await run(text)).replace(/\s+/g, "");
      const { pattern, ids: found } = toPattern(output, ids);
      expect(pattern.test(answer), `${text}\nshown: ${output}\nanswered: ${answer.slice(0, 2000)}`).toBe(true);
      found.forEach((id, i) => {
        const real = pattern.exec(answer)?.[i + 1] ?? id;
        ids.set(id, real);
        // A model's id is its job's, with another prefix.
        if (id.startsWith("job_")) ids.set(id.replace("job_", "mdl_"), real.replace("job_", "mdl_"));
      });
    }
  });

  test.for(programs)(
    "$document is a program that prints what it shows",
    async ({ document, command, needs }, { skip }) => {
      writeFileSync(join(dataDir, "needs.txt"), needs);
      const found = await run(`${command} needs.txt && echo found`);
      skip(found !== "found\n", `${command} or a package that it needs is not installed: ${found}`);
      const blocks = blocksOf(document);
      const named = (block: string): string | undefined => /^# (\w+\.\w+)\n/.exec(block)?.[1];
      for (const block of blocks) if (named(block) !== undefined) writeFileSync(join(dataDir, named(block)!), block);
      const text = blocks.filter((block) => named(block) === undefined).join("\n");
      const shown = [...text.matchAll(/^#> (.*)$/gm)].map(([, line]) => line).join("\n");
      const here = text.replaceAll("http://127.0.0.1:8080", service.url).replaceAll("127.0.0.1:50051", service.grpc);
      writeFileSync(join(dataDir, "how-to.txt"), here);
      const printed = await run(`${command} how-to.txt`);
      expect(shown.split("\n").length).toBeGreaterThan(10);
      expect(toPattern(shown, new Map()).pattern.test(printed.replace(/\s+/g, "")), printed).toBe(true);
    },
  );

  describe("a web application", () => {
    const children: ChildProcess[] = [];
    let browser: Browser | undefined;
    const blockOf = (document: string, start: string): string =>
      blocksOf(`src/web/docs/${document}`).find((block) => block.startsWith(start))!;
    beforeAll(async () => {
      writeFileSync(join(dataDir, "backend.mjs"), blockOf("web-app.md", "// backend.mjs"));
      writeFileSync(join(dataDir, "page.ts"), blockOf("web-app.md", "// page.ts"));
      writeFileSync(join(dataDir, "client.ts"), blockOf("client.md", "import { createDescent }"));
    });
    afterAll(async () => {
      for (const child of children) {
        child.kill();
        await once(child, "close");
      }
      await browser?.close();
      proxy.closeAllConnections();
      proxy.close();
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

    test("has a page and a client that are strict", async () => {
      const strict = "--ignoreConfig --strict --target es2022 --module esnext --moduleResolution bundler";
      expect(
        await run(`node_modules/.bin/tsc ${strict} --types node --rootDir . --outDir page page.ts client.ts`),
      ).toBe("");
    });

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
        await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
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

  test("nginx stands before the service as the document has it: page, upload, events as they come", async ({
    skip,
  }) => {
    if (spawnSync("nginx", ["-v"]).error !== undefined) skip("nginx is not installed");
    const [location = ""] = blocksOf("src/web/docs/operation.md").filter((block) => block.startsWith("location"));
    const folder = join(dataDir, "nginx");
    mkdirSync(folder);
    const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    );
    const server = `server { listen unix:${folder}/socket; access_log off; ${location} }`;
    writeFileSync(
      join(folder, "nginx.conf"),
      `daemon off; pid ${folder}/pid; error_log stderr; events {} http { ${paths.join(" ")} ${server.replace("http://127.0.0.1:8080", service.url)} }`,
    );
    const nginx = spawn("nginx", ["-e", "stderr", "-p", folder, "-c", join(folder, "nginx.conf")], { stdio: "ignore" });
    const ask = (path: string, method: string, type: string, body = ""): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => {
        const headers = { host: "localhost", "content-type": type };
        request({ socketPath: join(folder, "socket"), path: `/ml${path}`, method, headers }, resolve)
          .on("error", reject)
          .end(body);
      });
    try {
      await expect.poll(() => existsSync(join(folder, "socket")), { timeout: 30_000 }).toBe(true);
      expect(await text(await ask("/", "GET", ""))).toContain("<title>Descent");
      expect((await ask("/docs/operation", "GET", "")).statusCode).toBe(200);
      const csv = readFileSync(join(root, "test/data/iris.csv"), "utf8");
      const dataset = (await json(await ask("/v1/datasets?name=iris", "POST", "text/csv", csv))) as Dataset;
      expect(dataset.rows).toBe(150);
      const training = { epochs: 100_000, earlyStopping: false };
      const spec = { dataset: dataset.id, task: { type: "classification", label: "species" }, training };
      const job = (await json(await ask("/v1/jobs", "POST", "application/json", JSON.stringify(spec)))) as Job;
      const events = await ask(`/v1/jobs/${job.id}/events`, "GET", "");
      let told = "";
      // The job ends only after its start was heard: nothing is kept back.
      for await (const part of events.setEncoding("utf8")) {
        const heard = told.includes('"state":"running"');
        told += part;
        if (!heard && told.includes('"state":"running"'))
          expect((await ask(`/v1/jobs/${job.id}/cancel`, "POST", "application/json")).statusCode).toBe(200);
      }
      expect(told).toMatch(/"state":"cancelled"[\s\S]*event: end\n/);
    } finally {
      nginx.kill();
      await once(nginx, "close");
    }
  });

  test("README shows examples: the test above has something to run", () => {
    expect(examplesOf("README.md").length).toBeGreaterThan(5);
  });
});
