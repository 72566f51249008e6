import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { credentials, makeGenericClientConstructor, status } from "@grpc/grpc-js";
import { service as healthService } from "grpc-health-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createGrpcServer } from "../../src/grpc/server.ts";
import { createRestServer } from "../../src/rest/server.ts";
import { operations } from "../../src/usecases/admission/operations.ts";
import { iris, startTestService, type TestService } from "../usecases/service.ts";
import { ask, connectClients, uploadFile } from "./clients.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const run = promisify(execFile);
const buf = createRequire(import.meta.url).resolve("@bufbuild/buf/bin/buf");

describe("reflection", () => {
  it.each(["grpc-v1", "grpc-v1alpha"])("tells a client that knows nothing what there is (%s)", async (protocol) => {
    const url = `http://${service.grpcAddress}`;
    const flags = ["curl", "--protocol", "grpc", "--http2-prior-knowledge", "--reflect-protocol", protocol];
    const { stdout } = await run(process.execPath, [buf, ...flags, "--list-methods", url]);
    const lines = stdout.trim().split("\n");
    const ours = lines.filter((line) => line.startsWith("descent."));
    expect(lines.filter((line) => !ours.includes(line))).toEqual([
      "grpc.health.v1.Health/Check",
      "grpc.health.v1.Health/List",
      "grpc.health.v1.Health/Watch",
      "inference.GRPCInferenceService/ModelInfer",
      "inference.GRPCInferenceService/ModelMetadata",
      "inference.GRPCInferenceService/ModelReady",
      "inference.GRPCInferenceService/ServerLive",
      "inference.GRPCInferenceService/ServerMetadata",
      "inference.GRPCInferenceService/ServerReady",
    ]);
    const names = ours.map((line) => line.split("/")[1] ?? "");
    expect(names.map((name) => name.charAt(0).toLowerCase() + name.slice(1)).sort()).toEqual(
      Object.keys(operations).sort(),
    );
    const listed = await run(process.execPath, [
      buf,
      ...flags,
      `${url}/descent.v1.JobsService/ListJobs`,
      "-d",
      '{"pageSize": 1}',
    ]);
    expect(JSON.parse(listed.stdout)).toEqual({});
  });
});

interface HealthClient {
  check(
    request: { service: string },
    callback: (error: { code: number } | null, answer: { status: string }) => void,
  ): void;
  close(): void;
}

describe("health", () => {
  it("says what readiness says, for the server and for each service", async () => {
    const Health = makeGenericClientConstructor(
      healthService as Parameters<typeof makeGenericClientConstructor>[0],
      "Health",
    );
    const client = new Health(service.grpcAddress, credentials.createInsecure()) as unknown as HealthClient;
    const check = (name: string) =>
      new Promise<string>((resolve) => {
        client.check({ service: name }, (error, answer) =>
          resolve(error === null ? answer.status : (status[error.code] ?? "")),
        );
      });
    await expect.poll(() => check("")).toBe("SERVING");
    expect(await check("descent.v1.JobsService")).toBe("SERVING");
    expect(await check("descent.v1.Nothing")).toBe("NOT_FOUND");
    client.close();
  });
});

describe("limits", () => {
  it("refuse a message above 4 MiB", async () => {
    const clients = connectClients(service.grpcAddress);
    const rows = [{ x: "x".repeat(5 * 1024 ** 2) }];
    await expect(ask(clients.models, clients.models.predict, { model: "m", rows, pictures: [] })).rejects.toMatchObject(
      {
        code: status.RESOURCE_EXHAUSTED,
      },
    );
    clients.close();
  });

  it("leave nothing of an upload whose client went away", async () => {
    const before = await service.deps.artifacts.list("default/");
    const clients = connectClients(service.grpcAddress);
    const call = clients.datasets.uploadDataset(() => {});
    call.on("error", () => {});
    call.write({ part: { $case: "header", value: { types: {} } } });
    call.write({ part: { $case: "chunk", value: Buffer.from(iris) } });
    await new Promise((resolve) => setTimeout(resolve, 100));
    call.cancel();
    const gone = new AbortController();
    const slow = new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from(iris)) });
    const aborted = fetch(`${service.url}/v1/datasets`, {
      ...{ method: "POST", body: slow, duplex: "half", headers: { "content-type": "text/csv" }, signal: gone.signal },
    } as RequestInit);
    await new Promise((resolve) => setTimeout(resolve, 100));
    gone.abort();
    await expect(aborted).rejects.toThrow();
    await expect.poll(() => service.deps.artifacts.list("default/")).toEqual(before);
    clients.close();
  });
});

const hasOpenssl = (() => {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

describe.skipIf(!hasOpenssl)("TLS", () => {
  let folder = "";
  const read = (name: string) => readFileSync(join(folder, name));
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "descent-tls-"));
    const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    openssl(
      "req",
      "-x509",
      ...curve,
      "-keyout",
      "ca.key",
      "-out",
      "ca.pem",
      "-subj",
      "/CN=test authority",
      "-days",
      "2",
    );
    writeFileSync(join(folder, "san"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
    for (const name of ["server", "client"]) {
      openssl("req", ...curve, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
      const signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "san"];
      openssl("x509", "-req", "-in", `${name}.csr`, "-out", `${name}.pem`, ...signing);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("lets only clients with a certificate in, where one is asked for", async () => {
    const tls = { key: read("server.key"), cert: read("server.pem"), clientCa: read("ca.pem") };
    const server = createGrpcServer(service.deps, { tls });
    const port = await server.listen({ host: "127.0.0.1", port: 0 });
    const mutual = connectClients(
      `localhost:${port}`,
      credentials.createSsl(read("ca.pem"), read("client.key"), read("client.pem")),
    );
    expect((await uploadFile(mutual, iris)).rows).toBe(40);
    const anonymous = connectClients(`localhost:${port}`, credentials.createSsl(read("ca.pem")));
    await expect(ask(anonymous.jobs, anonymous.jobs.listJobs, { state: 0 })).rejects.toMatchObject({
      code: status.UNAVAILABLE,
    });
    const plain = connectClients(`localhost:${port}`);
    await expect(ask(plain.jobs, plain.jobs.listJobs, { state: 0 })).rejects.toMatchObject({
      code: status.UNAVAILABLE,
    });
    for (const clients of [mutual, anonymous, plain]) clients.close();
    await server.close(500);
  });

  it("carries REST, with strict transport security", async () => {
    const app = await createRestServer(service.deps, { tls: { key: read("server.key"), cert: read("server.pem") } });
    const url = await app.listen({ host: "127.0.0.1", port: 0 });
    expect(url).toMatch(/^https:/);
    const { stdout } = await run("curl", ["-si", "--cacert", join(folder, "ca.pem"), `${url}/v1/jobs`]);
    expect(stdout).toMatch(/^HTTP\/1.1 200 /);
    expect(stdout.toLowerCase()).toContain("strict-transport-security: max-age=31536000");
    await app.close();
  });
});
