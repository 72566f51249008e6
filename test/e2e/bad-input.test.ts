import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRestClient, dataFile, type RestClient } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

const species = { type: "classification", label: "species" } as const;

describe("bad input gets a clear answer", () => {
  let service: Service;
  let dataDir: string;
  let client: RestClient;
  let iris: string;
  let model: string;
  const asked: { input: string; status: number; code: string; detail: string }[] = [];

  beforeAll(async () => {
    dataDir = await createDataDir();
    service = await startService(dataDir);
    client = createRestClient(service.url);
    iris = (await client.upload("iris", await dataFile("iris"))).id;
    const job = await client.submit({ dataset: iris, task: species, training: { epochs: 5 } });
    model = (await client.untilDone(job.id)).model ?? "";
  });
  afterAll(async () => {
    console.table(asked);
    await service?.stop();
    await removeDataDir(dataDir);
  });

  const note = (
    input: string,
    { status, body }: { status: number; body: { code?: string; detail?: string } },
  ): void => {
    asked.push({ input, status, code: body.code ?? "", detail: (body.detail ?? "").slice(0, 90) });
  };

  test.each([
    ["an empty file", ""],
    ["a header only", "a,b\n"],
    ["a ragged row", "a,b\n1,2\n3\n"],
    ["an open quote", 'a,b\n1,"2\n'],
    ["the same column twice", "a,a\n1,2\n"],
    ["invalid UTF-8", Buffer.from([0x61, 0x2c, 0x62, 0x0a, 0xff, 0xfe, 0x2c, 0x31, 0x0a])],
  ])("%s as a data set", async (input, body) => {
    const answer = await client.tryUpload(body);
    note(input, answer);
    expect([400, 422]).toContain(answer.status);
    expect(answer.headers.get("content-type")).toContain("application/problem+json");
    expect(answer.body.detail).not.toBe("");
  });

  test("a malformed file is refused with the line and column", async () => {
    const { body } = await client.tryUpload("a,b\n1,2\n3\n");
    expect(body.detail).toMatch(/line 3/);
  });

  test.each([
    ["an unknown label column", { task: { type: "classification", label: "colour" } }, "/task/label"],
    ["an unknown feature", { task: { ...species, features: ["width"] } }, "/task/features/0"],
    [
      "a negative learning rate",
      { task: species, optimizer: { type: "adam", learningRate: -1 } },
      "/optimizer/learningRate",
    ],
    ["an unknown key", { task: species, epoch: 3 }, ""],
    ["a misspelt model", { task: species, model: { type: "mpl" } }, "/model/type"],
    ["no task", {}, "/task"],
    ["epochs as text", { task: species, training: { epochs: "5" } }, "/training/epochs"],
    ["a text label for regression", { task: { type: "regression", label: "species" } }, "/task/label"],
    ["no memory", { task: species, resources: { memoryBytes: 1 } }, "/resources/memoryBytes"],
  ])("%s in a job", async (input, spec, pointer) => {
    const answer = await client.trySubmit({ dataset: iris, ...spec });
    note(input, answer);
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map((error) => error.pointer).some((each) => each.startsWith(pointer))).toBe(true);
  });

  test("a constant label", async () => {
    const dataset = await client.upload("constant", `x,y\n${"1,a\n2,a\n".repeat(20)}`);
    const answer = await client.trySubmit({ dataset: dataset.id, task: { type: "classification", label: "y" } });
    note("a constant label", answer);
    expect(answer.status).toBe(422);
  });

  test.each([
    [
      "text in a numeric column",
      [{ sepal_length: "long", sepal_width: 1, petal_length: 1, petal_width: 1 }],
      "/rows/0/sepal_length",
    ],
    ["no rows", [], "/rows"],
  ])("%s", async (input, rows, pointer) => {
    const answer = await client.post<{ code: string; detail: string; errors: { pointer: string }[] }>(
      `/v1/models/${model}/predict`,
      { rows },
    );
    note(input, answer);
    expect(answer.status).toBe(422);
    expect(answer.body.errors[0]?.pointer).toBe(pointer);
  });

  test("an unknown feature at predict time: said beside the answer, and refused where asked to be strict", async () => {
    const rows = [{ sepal_lenght: 5 }];
    const said = await client.post<{ warnings: { column: string; code: string }[] }>(`/v1/models/${model}/predict`, {
      rows,
    });
    expect(said.status).toBe(200);
    expect(said.body.warnings).toContainEqual(
      expect.objectContaining({ row: 0, column: "sepal_lenght", code: "unknown_feature" }),
    );
    const refused = await client.post<{ code: string; detail: string; errors: { pointer: string }[] }>(
      `/v1/models/${model}/predict`,
      { rows, strict: true },
    );
    note("an unknown feature at predict time", refused);
    expect(refused.status).toBe(422);
    expect(refused.body.errors.map(({ pointer }) => pointer)).toContain("/rows/0/sepal_lenght");
  });

  test.each([
    ["JSON that is none", "{", "application/json", 400],
    ["another content type", "a: 1", "application/yaml", 415],
  ])("%s", async (input, body, type, status) => {
    const answer = await client.call<{ code: string; detail: string }>("/v1/jobs", {
      method: "POST",
      headers: { "content-type": type },
      body,
    });
    note(input, answer);
    expect(answer.status).toBe(status);
  });

  test("a JSON body of 50 MB is cut off, and the service stays healthy", async () => {
    const megabyte = Buffer.alloc(1024 * 1024, " ");
    const status = await new Promise<number | string>((resolve) => {
      const call = request(`${service.url}/v1/jobs`, {
        method: "POST",
        headers: { "content-type": "application/json" },
      });
      // Without a length the service finds out while it reads; it may answer, or cut the line.
      call.on("response", (response) => resolve(response.statusCode ?? 0));
      call.on("error", (error) => resolve(String(error)));
      let sent = 0;
      const send = (): void => {
        while (sent < 50 && !call.destroyed) {
          sent += 1;
          if (!call.write(megabyte)) return void call.once("drain", send);
        }
        call.end();
      };
      send();
    });
    note("50 MB of JSON", { status: Number(status), body: { code: "too_large" } });
    expect([413, "Error: read ECONNRESET", "Error: write EPIPE"]).toContain(status);
    expect((await client.call("/healthz")).status).toBe(200);
  });

  test.each(["../../etc/passwd", "ds_..%2f..%2fpasswd", "%2e%2e%2f", "mdl_x", "x".repeat(300)])(
    "an id such as %s finds nothing",
    async (id) => {
      for (const path of ["datasets", "jobs", "models"]) {
        const answer = await client.call<{ code: string; detail: string }>(`/v1/${path}/${id}`);
        note(`/v1/${path}/${id.slice(0, 24)}`, answer);
        expect([400, 404, 414, 422]).toContain(answer.status);
      }
    },
  );
});
