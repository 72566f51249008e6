import { execFile, execFileSync } from "node:child_process";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Job } from "../../src/domain/jobs/job.ts";
import { webhookIdOf } from "../../src/domain/webhook.ts";
import { startFragileRedis } from "../conformance/redis-server.ts";
import { type Answer, answerWith, type Received, type Receiver, startReceiver, verify } from "../webhooks/receiver.ts";
import { createRestClient, dataFile, type RestClient } from "./rest-client.ts";
import {
  createDataDir,
  mainScript,
  type Part,
  removeDataDir,
  runMain,
  type Service,
  startPart,
  startService,
} from "./service.ts";

const keysScript = join(mainScript, "../main/keys.js");
const run = promisify(execFile);

describe("webhooks of the whole service", () => {
  let dataDir: string;
  const closing: (() => Promise<unknown>)[] = [];
  beforeEach(async () => {
    dataDir = await createDataDir();
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    await removeDataDir(dataDir);
  });

  const loopback = {
    WEBHOOK_PRIVATE_HOSTS: "127.0.0.1",
    WEBHOOK_RETRY_SECONDS: ["0.1", ...Array(60).fill("1")].join(","),
  };
  const start = async (env: Record<string, string> = {}): Promise<Service> => {
    const service = await startService(dataDir, { ...loopback, ...env });
    closing.push(() => service.stop());
    return service;
  };
  const receive = async (answer?: Answer, options?: Parameters<typeof startReceiver>[1]): Promise<Receiver> => {
    const receiver = await startReceiver(answer, options);
    closing.push(() => receiver.close());
    return receiver;
  };
  const secretOf = async (tenant: string, env: Record<string, string> = {}): Promise<string> => {
    const args = [keysScript, "webhook-secret", "--tenant", tenant];
    return (await run(process.execPath, args, { env: { ...process.env, DATA_DIR: dataDir, ...env } })).stdout.trim();
  };
  /** What the document shows for Node, with the secret and the message in their places. */
  const asDocumented = async (secret: string, { body, headers }: Received): Promise<string> => {
    const root = join(import.meta.dirname, "../..");
    const document = await readFile(join(root, "src/web/docs/webhooks.md"), "utf8");
    const [shown = ""] = /^ {4}import \{ Webhook \}.*\n(?: {4}.*\n)+/m.exec(document) ?? [];
    const [imports = "", ...rest] = shown.replace(/^ {4}/gm, "").replace("whsec_…", secret).split("\n");
    const received = `const { body, headers } = ${JSON.stringify({ body, headers })};`;
    const program = [imports, received, ...rest, "console.log(type, data.id);"].join("\n");
    return (await run(process.execPath, ["--input-type=module", "--eval", program], { cwd: root })).stdout;
  };
  const submit = async (client: RestClient, url: string): Promise<Job> => {
    const { id } = await client.upload("iris", await dataFile("iris"));
    const task = { type: "classification", label: "species" } as const;
    return client.submit({ dataset: id, task, training: { epochs: 2 }, webhook: { url: `${url}/hooks` } });
  };
  const untilEvent = (client: RestClient, id: string, type: string): Promise<void> =>
    expect
      .poll(
        async () => {
          const headers = { accept: "application/json" };
          const { body } = await client.call<{ items: { type: string }[] }>(`/v1/jobs/${id}/events`, { headers });
          return body.items.map((event) => event.type);
        },
        { timeout: 30_000 },
      )
      .toContain(type);

  test("a trained job is told of, signed with the secret that the command shows", async () => {
    const receiver = await receive(answerWith(500, 204));
    const client = createRestClient((await start()).url);
    const { id } = await submit(client, receiver.url);
    await untilEvent(client, id, "webhook_delivered");
    const job = await client.job(id);
    const secret = await secretOf("default");
    expect(receiver.received).toHaveLength(2);
    for (const message of receiver.received) {
      const { type, timestamp, data } = verify(secret, message);
      expect([type, timestamp]).toEqual(["job.succeeded", job.endedAt]);
      expect(data).toMatchObject({ id, state: "succeeded", model: job.model, metrics: job.metrics });
      expect(message.headers["webhook-id"]).toBe(webhookIdOf(id));
    }
    expect(await asDocumented(secret, receiver.received[1]!)).toBe(`job.succeeded ${id}\n`);
    await expect(asDocumented(await secretOf("rival"), receiver.received[1]!)).rejects.toThrow("No matching signature");
    expect(await secretOf("rival")).not.toBe(secret);
    expect((await client.model(job.model ?? "")).spec).not.toHaveProperty("webhook");
    const kept = join(dataDir, "webhook-secret");
    expect((await stat(kept)).mode & 0o777).toBe(0o600);
    expect(secret).not.toContain((await readFile(kept, "utf8")).trim());
  });

  test("the secret stays the same over restarts, and another start on the folder does not replace it", async () => {
    const first = await start();
    const secret = await secretOf("acme");
    await first.stop();
    const second = await start();
    expect(await secretOf("acme")).toBe(secret);
    await second.stop();
    await writeFile(join(dataDir, "webhook-secret"), "short\n");
    const ended = await runMain({ DATA_DIR: dataDir, LOG_LEVEL: "silent" });
    expect(ended).toMatchObject({
      code: 1,
      errors: expect.stringMatching(/^descent: .*webhook-secret: it holds no secret/),
    });
  });

  test("an API that is killed between the receiver's answer and its note delivers again, under the same id", async () => {
    let service: Service | null = null;
    const receiver = await receive((response, number) => {
      if (number > 0) return void response.writeHead(204).end();
      const api = service?.log.find(({ role }) => role === "api");
      if (api !== undefined) process.kill(api.pid, "SIGKILL");
    });
    service = await start({ LEASE_SECONDS: "2" });
    const client = createRestClient(service.url);
    const { id } = await submit(client, receiver.url);
    await receiver.arrived(2);
    const again = await service.logged(
      ({ role, msg }) => role === "api" && msg.startsWith("the webhook was delivered"),
    );
    expect(again.job).toBe(id);
    const secret = await secretOf("default");
    expect(receiver.received.map(({ headers }) => headers["webhook-id"])).toEqual([webhookIdOf(id), webhookIdOf(id)]);
    expect(receiver.received.map((message) => verify(secret, message).data.state)).toEqual(["succeeded", "succeeded"]);
  });

  test("https is verified: an unknown certificate is refused, a trusted one is delivered to", async () => {
    const files = { key: join(dataDir, "key.pem"), cert: join(dataDir, "cert.pem") };
    const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    execFileSync("openssl", ["req", "-x509", ...curve, "-keyout", files.key, "-out", files.cert, ...subject], {
      stdio: "ignore",
    });
    const tls = { key: await readFile(files.key, "utf8"), cert: await readFile(files.cert, "utf8") };
    const receiver = await receive(undefined, { tls });
    const strict = await start();
    const client = createRestClient(strict.url);
    const { id } = await submit(client, receiver.url);
    const failed = await strict.logged(({ msg }) => msg.startsWith("webhook delivery 1 failed"));
    expect(failed.msg).toMatch(/DEPTH_ZERO_SELF_SIGNED_CERT/);
    expect(receiver.received).toEqual([]);
    await strict.stop();
    const trusting = await start({ NODE_EXTRA_CA_CERTS: files.cert });
    await trusting.logged(({ msg }) => msg.startsWith("the webhook was delivered"));
    expect(verify(await secretOf("default"), receiver.received[0]!).data.id).toBe(id);
  });

  /** One part of the service as a process of its own. */
  const launch = async (role: "api" | "trainer", env: Record<string, string>): Promise<Part> => {
    const part = await startPart(role, { DATA_DIR: dataDir, ...loopback, ...env });
    closing.push(() => part.stop());
    return part;
  };
  const clientOf = ({ ready }: Part): RestClient => createRestClient(`http://127.0.0.1:${ready.rest}`);

  test("two API processes on one Redis deliver each job's end once; one without a secret refuses and delivers nothing", async () => {
    const redis = await startFragileRedis();
    closing.push(() => redis.stop());
    const WEBHOOK_SECRET = "a secret that all API processes have from their operator";
    const shared = { REDIS_URL: redis.url };
    const mute = clientOf(await launch("api", shared));
    const refused = await mute.upload("iris", await dataFile("iris"));
    const task = { type: "classification", label: "species" } as const;
    const answer = await mute.trySubmit({
      ...{ dataset: refused.id, task, webhook: { url: "https://example.com/" } },
    });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer: "/webhook" }] } });

    const receiver = await receive();
    const [first, second] = await Promise.all([
      launch("api", { ...shared, WEBHOOK_SECRET }),
      launch("api", { ...shared, WEBHOOK_SECRET }),
      launch("trainer", shared),
    ]);
    const clients = [clientOf(first), clientOf(second)];
    const jobs = await Promise.all([0, 1, 2, 3, 4, 5].map((i) => submit(clients[i % 2]!, receiver.url)));
    for (const { id } of jobs) await untilEvent(clients[0]!, id, "webhook_delivered");
    const ids = receiver.received.map(({ headers }) => headers["webhook-id"]);
    expect(ids.sort()).toEqual(jobs.map(({ id }) => webhookIdOf(id)).sort());
    const secret = await secretOf("default", { WEBHOOK_SECRET });
    for (const message of receiver.received) verify(secret, message);
  });

  test("the command says what it lacks", async () => {
    const failed = await secretOf("default").catch((error: { stderr: string }) => error.stderr);
    expect(failed).toMatch(/^keys: WEBHOOK_SECRET: set it/);
    const wrong = await secretOf("Not A Tenant").catch((error: { stderr: string }) => error.stderr);
    expect(wrong).toMatch(/^keys: --tenant Not A Tenant: must be/);
  });
});
