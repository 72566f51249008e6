import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { json, text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import type { Job } from "../../src/domain/jobs/job.ts";
import { blocksOf } from "./document-blocks.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

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

  beforeAll(async () => {
    dataDir = await createDataDir();
    // Commands are run where a user would run them, but what they write is not left in the repository.
    for (const name of readdirSync(root)) symlinkSync(join(root, name), join(dataDir, name));
    service = await startService(join(dataDir, "state"));
  });
  afterAll(async () => {
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
