import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { credentials, status } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ask, connectClients, uploadFile } from "../grpc/clients.ts";
import { iris } from "../usecases/service.ts";
import { createCertificates, hasOpenssl } from "./certificates.ts";
import { createDataDir, mainScript, removeDataDir, runMain, type Service, startService } from "./service.ts";

const run = promisify(execFile);
const demo = join(mainScript, "../demo.js");

const get = (url: string, ca: Buffer): Promise<{ status: number; headers: NodeJS.Dict<string | string[]> }> =>
  new Promise((resolve, reject) => {
    const sent = request(url, { ca }, (response) => {
      response.resume();
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers }));
    });
    sent.once("error", reject).end();
  });

describe.skipIf(!hasOpenssl)("TLS by configuration, through real processes", () => {
  let folder = "";
  let dataDir = "";
  let certificates: ReturnType<typeof createCertificates>;
  let service: Service | null = null;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "descent-tls-"));
    certificates = createCertificates(folder);
    for (const name of ["authority", "stranger"]) certificates.authority(name);
    for (const name of ["server", "client"]) certificates.sign("authority", name);
    certificates.sign("stranger", "impostor");
    certificates.selfSigned("alone");
    certificates.encrypt("server");
    await writeFile(certificates.file("text"), "no certificate\n");
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  beforeEach(async () => {
    dataDir = await createDataDir();
  });
  afterEach(async () => {
    await service?.stop();
    service = null;
    await removeDataDir(dataDir);
  });

  const own = () => ({ TLS_CERT_FILE: certificates.file("server.pem"), TLS_KEY_FILE: certificates.file("server.key") });
  const readAuthority = () => certificates.read("authority.pem");

  const listJobs = async (address: string, channel = credentials.createSsl(readAuthority())): Promise<string> => {
    const clients = connectClients(address, channel);
    try {
      await ask(clients.jobs, clients.jobs.listJobs, { state: 0 });
      return "OK";
    } catch (error) {
      return status[(error as { code: number }).code] ?? String(error);
    } finally {
      clients.close();
    }
  };

  test("both surfaces speak TLS and nothing else, and the demo goes through to its predictions", async () => {
    service = await startService(dataDir, own());
    expect(service.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const answer = await get(`${service.url}/v1/jobs`, readAuthority());
    expect(answer.status).toBe(200);
    expect(answer.headers["strict-transport-security"]).toBe("max-age=31536000");
    const port = new URL(service.url).port;
    const local = await get(`https://localhost:${port}/v1/jobs`, readAuthority());
    expect([local.status, local.headers["strict-transport-security"]]).toEqual([200, undefined]);
    await expect(get(`${service.url}/v1/jobs`, certificates.read("stranger.pem"))).rejects.toThrow(/certificate/);
    await expect(fetch(`http://127.0.0.1:${port}/v1/jobs`)).rejects.toThrow();

    expect(await listJobs(service.grpc)).toBe("OK");
    expect(await listJobs(service.grpc, credentials.createInsecure())).toBe("UNAVAILABLE");
    expect(await listJobs(service.grpc, credentials.createSsl(certificates.read("stranger.pem")))).toBe("UNAVAILABLE");

    // What the image asks for its health, as it stands there.
    const dockerfile = await readFile(join(import.meta.dirname, "../../docker/api.Dockerfile"), "utf8");
    const [, check = ""] = /^ {2}CMD \["node", "-e", "(.*)"\]$/m.exec(dockerfile) ?? [];
    await run(process.execPath, ["-e", check], { env: { ...process.env, ...own(), PORT: port } });
    await expect(run(process.execPath, ["-e", check], { env: { ...process.env, PORT: port } })).rejects.toThrow();

    const env = { ...process.env, DESCENT_URL: service.url };
    const trusting = { ...env, NODE_EXTRA_CA_CERTS: certificates.file("authority.pem") };
    const { stdout } = await run(process.execPath, [demo], { env: trusting });
    expect(stdout).toMatch(/succeeded after[\s\S]*versicolor/);
    await expect(run(process.execPath, [demo], { env })).rejects.toMatchObject({
      stderr: expect.stringMatching(/^demo: the certificate of .* is not trusted .*NODE_EXTRA_CA_CERTS/),
    });
  });

  test("with client certificates: only gRPC clients whose own the authority has signed are let in", async () => {
    service = await startService(dataDir, { ...own(), GRPC_CLIENT_CA_FILE: certificates.file("authority.pem") });
    const as = (name: string) =>
      credentials.createSsl(readAuthority(), certificates.read(`${name}.key`), certificates.read(`${name}.pem`));
    const clients = connectClients(service.grpc, as("client"));
    expect((await uploadFile(clients, iris)).rows).toBe(40);
    clients.close();
    expect(await listJobs(service.grpc)).toBe("UNAVAILABLE");
    expect(await listJobs(service.grpc, as("impostor"))).toBe("UNAVAILABLE");
    expect((await get(`${service.url}/v1/datasets`, readAuthority())).status).toBe(200);
  });

  test("the greeting of a self-signed certificate says how to trust it, by a name that is in it", async () => {
    const files = { TLS_CERT_FILE: certificates.file("alone.pem"), TLS_KEY_FILE: certificates.file("alone.key") };
    service = await startService(dataDir, files);
    expect(service.url).toMatch(/^https:\/\/localhost:/);
    const command = /^ {2}(NODE_EXTRA_CA_CERTS=.*) npm run demo$/m.exec(service.greeting)?.[1] ?? "";
    const { stdout } = await run("sh", ["-c", `${command} "${process.execPath}" "${demo}"`]);
    expect(stdout).toContain("succeeded after");
    const upload = /DATASET=\$\((curl .*) \| sed/.exec(service.greeting)?.[1] ?? "";
    const uploaded = await run("sh", ["-c", upload], { cwd: join(import.meta.dirname, "../..") });
    expect(JSON.parse(uploaded.stdout)).toMatchObject({ rows: 150 });
  });

  test("a certificate does not stand in for an API key: beyond this machine keys are asked for as before", async () => {
    const files = { ...own(), GRPC_CLIENT_CA_FILE: certificates.file("authority.pem") };
    const ended = await runMain({ ...files, DATA_DIR: dataDir, HOST: "0.0.0.0" });
    expect(ended).toMatchObject({ code: 1, errors: expect.stringContaining("API_KEYS_FILE") });
  });

  test.each([
    [{ TLS_CERT_FILE: "missing.pem" }, /^TLS_CERT_FILE=.*missing\.pem: there is no such file$/],
    [{ TLS_CERT_FILE: "" }, /^TLS_KEY_FILE is set and TLS_CERT_FILE is not/],
    [{ TLS_KEY_FILE: "" }, /^TLS_CERT_FILE is set and TLS_KEY_FILE is not/],
    [{ TLS_CERT_FILE: "text" }, /^TLS_CERT_FILE=.*text: there is no certificate in PEM in it/],
    [{ TLS_CERT_FILE: "server.key" }, /^TLS_CERT_FILE=.*server\.key: there is no certificate in PEM in it/],
    [{ TLS_CERT_FILE: "." }, /^TLS_CERT_FILE=.*: it is a folder$/],
    [{ TLS_KEY_FILE: "server.pem" }, /^TLS_KEY_FILE=.*server\.pem: there is no private key in PEM in it/],
    [{ TLS_KEY_FILE: "client.key" }, /^TLS_KEY_FILE=.*client\.key: this is not the key of the certificate in /],
    [{ TLS_KEY_FILE: "server-encrypted.key" }, /^TLS_KEY_FILE=.*: the key is encrypted/],
    [{ GRPC_CLIENT_CA_FILE: "text" }, /^GRPC_CLIENT_CA_FILE=.*text: there is no certificate in PEM in it/],
    [{ TLS_CERT_FILE: "", TLS_KEY_FILE: "", GRPC_CLIENT_CA_FILE: "authority.pem" }, /^GRPC_CLIENT_CA_FILE: .*TLS_CERT/],
  ])("%j is refused with one line", async (wrong, line) => {
    const named = Object.entries(wrong).map(([name, file]) => [name, file && certificates.file(file)]);
    const env = { ...own(), ...Object.fromEntries(named), DATA_DIR: dataDir, LOG_LEVEL: "silent" };
    const ended = await runMain({ ...env, REDIS_URL: "redis://127.0.0.1:1" }, ["--role=api"]);
    expect(ended.code).toBe(1);
    expect(ended.errors.trim().replace(/^descent: /, "")).toMatch(line);
  });
});
