import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { iris, startTestService, type TestService } from "../usecases/service.ts";

let service: TestService;
let dataset = "";
beforeAll(async () => {
  service = await startTestService();
  const uploaded = await upload(iris);
  dataset = ((await uploaded.json()) as { id: string }).id;
});
afterAll(() => service.close());

const upload = (body: RequestInit["body"], type = "text/csv", query = "") =>
  fetch(`${service.url}/v1/datasets${query}`, {
    method: "POST",
    headers: { "content-type": type },
    body: body ?? null,
  });
const postJob = (body: RequestInit["body"], type = "application/json") =>
  fetch(`${service.url}/v1/jobs`, { method: "POST", headers: { "content-type": type }, body: body ?? null });
const submit = (change: object) =>
  postJob(JSON.stringify({ dataset, task: { type: "classification", label: "species" }, ...change }));

interface Answer {
  status: number;
  code: string;
  detail: string;
  pointers: string[];
}

/** Every error, wherever it comes from, is a problem document with the catalogue's code. */
const answerOf = async (response: Response | Promise<Response>): Promise<Answer> => {
  const settled = await response;
  const { status } = settled;
  expect(settled.headers.get("content-type")).toMatch(/^application\/problem\+json/);
  const problem = (await settled.json()) as {
    status: number;
    code: string;
    detail: string;
    errors: { pointer: string }[];
  };
  expect(problem.status).toBe(status);
  expect(JSON.stringify(problem)).not.toMatch(/node_modules|\.ts:\d|at async/);
  return { status, code: problem.code, detail: problem.detail, pointers: problem.errors.map(({ pointer }) => pointer) };
};

describe("a file that is refused", () => {
  it.each<[string, string, Partial<Answer>]>([
    ["an empty file", "", { status: 400 }],
    ["only a header", "a,b\n", { code: "invalid_csv", status: 400 }],
    ["a ragged row", "a,b\n1,2\n3\n", { code: "invalid_csv", pointers: ["/line/3"] }],
    ["a quote that is never closed", 'a,b\n1,"2\n', { code: "invalid_csv" }],
    ["two columns of one name", "a,a\n1,2\n", { code: "invalid_csv" }],
  ])("%s", async (_, body, expected) => {
    const answer = await answerOf(upload(body));
    expect(answer).toMatchObject({
      ...expected,
      ...(expected.pointers ? { pointers: [expect.stringMatching(expected.pointers[0] ?? "")] } : {}),
    });
    expect(answer.detail.length).toBeGreaterThan(10);
  });

  it("bytes that are not UTF-8", async () => {
    expect(await answerOf(upload(Buffer.from([0x61, 0x0a, 0xff, 0xfe, 0x0a])))).toMatchObject({
      status: 400,
      code: "invalid_csv",
    });
  });

  it("leaves nothing behind, however far it came", async () => {
    const before = await service.deps.artifacts.list("default/");
    const large = `a,b\n${"1,2\n".repeat(300_000)}3\n`;
    expect(await answerOf(upload(large))).toMatchObject({ code: "invalid_csv" });
    expect(await answerOf(upload("a,b\n1\n".concat("1,2\n".repeat(2_000_000))))).toMatchObject({ code: "invalid_csv" });
    expect(await service.deps.artifacts.list("default/")).toEqual(before);
  });

  it("types that make no sense", async () => {
    const types = (text: string) => answerOf(upload(iris, "text/csv", `?types=${encodeURIComponent(text)}`));
    expect(await types("{")).toMatchObject({ status: 422, pointers: ["/query/types"] });
    expect(await types('{"species":"words"}')).toMatchObject({ status: 422, pointers: ["/query/types/species"] });
    expect(await types('{"specis":"category"}')).toMatchObject({ status: 422, pointers: ["/query/types/specis"] });
    expect(await types('{"species":"number"}')).toMatchObject({ code: "invalid_csv" });
  });

  it("another content type", async () => {
    expect(await answerOf(upload(iris, "application/json"))).toMatchObject({ status: 415 });
    expect(await answerOf(upload(iris, "application/x-www-form-urlencoded"))).toMatchObject({
      detail: expect.stringContaining("text/csv"),
    });
  });
});

describe("a job that is refused", () => {
  it.each<[string, object, Partial<Answer>]>([
    [
      "an unknown label column",
      { task: { type: "classification", label: "specis" } },
      { status: 422, pointers: ["/task/label"] },
    ],
    [
      "an unknown data set",
      { dataset: "ds_01ARZ3NDEKTSV4RRFFQ69G5FAV" },
      { status: 422, code: "invalid", pointers: ["/dataset"] },
    ],
    ["a data set id with ../", { dataset: "../../etc/passwd" }, { status: 422, pointers: ["/dataset"] }],
    [
      "an unknown base model",
      { base: { model: "mdl_01ARZ3NDEKTSV4RRFFQ69G5FAV" } },
      { status: 422, pointers: ["/base/model"] },
    ],
    [
      "a negative learning rate",
      { optimizer: { type: "adam", learningRate: -1 } },
      { status: 422, pointers: ["/optimizer/learningRate"] },
    ],
    ["an unknown key", { optimiser: {} }, { status: 422, pointers: ["/optimiser"] }],
    [
      "more memory than it may use",
      { resources: { memoryBytes: 1000 } },
      {
        status: 422,
        code: "over_limit",
        detail: expect.stringMatching(/needs [\d,]+ bytes and may use 1,000/) as unknown as string,
      },
    ],
  ])("%s", async (_, change, expected) => {
    expect(await answerOf(submit(change))).toMatchObject(expected);
  });

  it("a constant label", async () => {
    const { id } = (await (await upload(`x,y\n${"1,a\n".repeat(30)}`)).json()) as { id: string };
    const answer = await answerOf(submit({ dataset: id, task: { type: "classification", label: "y" } }));
    expect(answer).toMatchObject({ status: 422, pointers: ["/task/label"] });
  });

  it("broken JSON, no JSON, not UTF-8, compressed, in another type", async () => {
    expect(await answerOf(postJob("{bad"))).toMatchObject({ status: 400, code: "malformed" });
    expect(await answerOf(postJob(""))).toMatchObject({ status: 422, code: "invalid" });
    expect(await answerOf(postJob("[]"))).toMatchObject({ status: 422, pointers: [""] });
    expect(await answerOf(postJob(Buffer.from([0x22, 0xff, 0x22])))).toMatchObject({
      status: 400,
      detail: expect.stringContaining("UTF-8"),
    });
    expect(await answerOf(postJob("{}", "application/json; charset=utf-16"))).toMatchObject({ status: 415 });
    expect(await answerOf(postJob("{}", "text/plain"))).toMatchObject({ status: 415 });
  });

  it("a body of 50 MB, announced or not", async () => {
    const large = Buffer.alloc(50_000_000, 0x20);
    expect(await answerOf(postJob(large))).toMatchObject({ status: 413, code: "too_large" });
    const stream = new ReadableStream({
      start: (controller) => {
        for (let at = 0; at < large.length; at += 1 << 16) controller.enqueue(large.subarray(at, at + (1 << 16)));
        controller.close();
      },
    });
    const streamed = fetch(`${service.url}/v1/jobs`, {
      ...{ method: "POST", body: stream, duplex: "half", headers: { "content-type": "application/json" } },
    } as RequestInit);
    expect(await answerOf(streamed)).toMatchObject({ status: 413, code: "too_large" });
  });
});

describe("a path that is refused", () => {
  it.each([
    ["/v1/jobs/..%2F..%2Fetc%2Fpasswd", 404, "not_found"],
    ["/v1/jobs/%2e%2e%2f", 404, "not_found"],
    ["/v1/models/..%5C..%5Cx", 404, "not_found"],
    ["/v1/datasets/ds_01ARZ3NDEKTSV4RRFFQ69G5FAV%00", 404, "not_found"],
    ["/v1/datasets/ds_01ARZ3NDEKTSV4RRFFQ69G5FAV/rows", 404, "not_found"],
    [`/v1/jobs/job_${"0".repeat(500)}`, 404, "not_found"],
    ["/v1/jobs/%zz", 400, "malformed"],
    ["/nowhere", 404, "not_found"],
    ["/v1/jobs?pageSize=0", 422, "invalid"],
    ["/v1/jobs?pageSize=ten", 422, "invalid"],
    ["/v1/jobs?pageSize=1&pageSize=2", 422, "invalid"],
    ["/v1/jobs?pageToken=..%2F", 422, "invalid"],
    ["/v1/jobs?state=done", 422, "invalid"],
    ["/v1/jobs?pagesize=3", 422, "invalid"],
    ["/v1/jobs/job_01ARZ3NDEKTSV4RRFFQ69G5FAV?wait=61", 422, "invalid"],
    ["/v1/jobs/job_01ARZ3NDEKTSV4RRFFQ69G5FAV/events?after=x", 422, "invalid"],
  ])("%s → %i %s", async (path, status, code) => {
    expect(await answerOf(fetch(`${service.url}${path}`))).toMatchObject({ status, code });
  });

  it("an event's id, by where it was sent", async () => {
    const events = `${service.url}/v1/jobs/job_01ARZ3NDEKTSV4RRFFQ69G5FAV/events`;
    const after = await answerOf(fetch(`${events}?after=x`));
    const header = await answerOf(fetch(`${events}?after=1-0`, { headers: { "last-event-id": "x" } }));
    expect([after.pointers, header.pointers]).toEqual([["/query/after"], ["/headers/last-event-id"]]);
  });

  it("a method that is not offered, naming those that are", async () => {
    const response = await fetch(`${service.url}/v1/jobs`, { method: "PUT" });
    expect(response.headers.get("allow")).toBe("GET, POST");
    expect(await answerOf(response)).toMatchObject({ status: 405, code: "method_not_allowed" });
  });
});

/** Writes bytes to the server as they are, and resolves to all that comes back until it closes. */
const raw = (text: string): Promise<{ answer: string; ms: number }> =>
  new Promise((resolve, reject) => {
    const started = performance.now();
    const socket = connect(Number(new URL(service.url).port), "127.0.0.1", () => socket.write(text));
    let answer = "";
    socket.on("data", (bytes) => {
      answer += bytes.toString();
    });
    socket.on("error", reject);
    socket.on("close", () => resolve({ answer, ms: performance.now() - started }));
  });

describe("a connection that is cut", () => {
  it("what is not HTTP", async () => {
    expect((await raw("GARBAGE\r\n\r\n")).answer).toMatch(
      /^HTTP\/1.1 400 .*application\/problem\+json.*"code":"malformed"/s,
    );
  });

  it("headers that never end, and a JSON body that never comes", async () => {
    const [headers, body] = await Promise.all([
      raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: "),
      raw("POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"),
    ]);
    expect(headers.answer).toMatch(/^HTTP\/1.1 408 .*"code":"timed_out"/s);
    expect(headers.ms).toBeLessThan(7500);
    expect(body.answer).toMatch(/^HTTP\/1.1 408 .*"code":"timed_out"/s);
    expect(body.ms).toBeLessThan(12_500);
  });

  it("not an upload that takes longer than a request may, as long as it goes on", async () => {
    const slow = (lines: string[]): ReadableStream =>
      new ReadableStream({
        pull: async (controller) => {
          const line = lines.shift();
          if (line === undefined) return controller.close();
          controller.enqueue(Buffer.from(`${line}\n`));
          await new Promise((resolve) => setTimeout(resolve, 300));
        },
      });
    const send = (path: string, lines: string[], type: string) =>
      fetch(`${service.url}${path}`, {
        ...{ method: "POST", body: slow(lines), duplex: "half", headers: { "content-type": type } },
      } as RequestInit);
    const rows = iris.trimEnd().split("\n");
    const field = (name: string) => `--edge\r\nContent-Disposition: form-data; name="${name}"`;
    const form = [
      `${field("purpose")}\r\n\r\nfine-tune\r`,
      `${field("file")}; filename="iris.csv"\r\n\r`,
      ...rows,
      "\r\n--edge--\r",
    ];
    const answers = await Promise.all([
      send("/v1/datasets", [...rows], "text/csv"),
      send("/openai/v1/files", form, "multipart/form-data; boundary=edge"),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([201, 200]);
  });
});
