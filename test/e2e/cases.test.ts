import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Problem } from "../../src/domain/errors.ts";
import type { JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";
import type { PredictResponse } from "../../src/domain/models/predictions/prediction.ts";
import { type CsvRecord, cellText } from "../../src/formats/csv/csv-record.ts";
import { scanCsv } from "../../src/formats/csv/csv-scanner.ts";
import { csvRecord } from "../../src/formats/csv/write-csv.ts";
import { ColumnType as WireType } from "../../src/grpc/generated/descent/v1/datasets.ts";
import { runOnnx } from "../exporting/runtime.ts";
import { createGrpcClient, type GrpcClient } from "./grpc-client.ts";
import { createRestClient, dataFile, type RestClient } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

/** All rows train, and nothing holds the weights back. */
const exact = { split: { validation: 0, test: 0 }, l2: 0, batchSize: "full", epochs: 4000 } as const;

/** Small inputs with known answers, each after a fault that users of other tools have met. */
describe("small files with known answers, over both surfaces", () => {
  let service: Service;
  let dataDir: string;
  let client: RestClient;
  let grpc: GrpcClient;

  beforeAll(async () => {
    dataDir = await createDataDir();
    service = await startService(dataDir);
    client = createRestClient(service.url);
    grpc = createGrpcClient(service.grpc);
  });
  afterAll(async () => {
    grpc?.close();
    await service?.stop();
    await removeDataDir(dataDir);
  });

  const upload = async (name: string, query = "") => {
    const { status, body } = await client.tryUpload(await dataFile(`cases/${name.replace(".csv", "")}`), query);
    if (status !== 201) throw new Error(JSON.stringify(body));
    return body;
  };
  const train = async (dataset: string, spec: Omit<JobSpecInput, "dataset">) => {
    const job = await client.untilDone((await client.submit({ dataset, training: exact, ...spec })).id);
    expect(job.error).toBeNull();
    return { job, model: job.model ?? "" };
  };
  const linear = (features?: [string, ...string[]]): Omit<JobSpecInput, "dataset"> => ({
    task: { type: "regression", label: "y", ...(features && { features }) },
    model: { type: "linear" },
  });
  /** Rows as JSON text, so that names and numbers are sent as they stand here. */
  const ask = (model: string, rows: string, strict = false) =>
    client.call<PredictResponse & Problem>(`/v1/models/${model}/predict`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: `{"rows": ${rows}${strict ? ', "strict": true' : ""}}`,
    });
  const restValues = async (model: string, rows: string) =>
    (await ask(model, rows)).body.predictions.map((prediction) => ("value" in prediction ? prediction.value : null));
  const grpcValues = async (model: string, rows: string) =>
    (await grpc.predict(model, JSON.parse(rows))).predictions.map(({ kind }) =>
      kind?.$case === "regression" ? kind.value.value : null,
    );
  const expectValues = async (model: string, rows: string, wanted: readonly number[]) => {
    const values = await restValues(model, rows);
    for (const [row, value] of values.entries()) expect(value, `row ${row}`).toBeCloseTo(wanted[row] ?? Number.NaN, 2);
    expect(await grpcValues(model, rows)).toEqual(values);
  };

  test("names that objects inherit are columns, categories and classes", async () => {
    const dataset = await upload("prototype-names.csv");
    const { model } = await train(dataset.id, linear());
    const rows = ["toString", "constructor", "__proto__"].map(
      (word) => `{"word": "${word}", "constructor": 1, "__proto__": 1}`,
    );
    await expectValues(model, `[${rows.join(", ")}]`, [15, 5, 25]);
    const classWeights = JSON.parse('{"__proto__": 2, "constructor": 1, "toString": 1}');
    const labels = JSON.parse('{"__proto__": "kept"}');
    const task = { type: "classification", label: "word" } as const;
    const loss = { type: "cross_entropy", classWeights } as const;
    const classes = await train(dataset.id, { task, model: { type: "softmax" }, loss, labels });
    expect(JSON.stringify(classes.job.spec.labels)).toBe('{"__proto__":"kept"}');
    expect(JSON.stringify(classes.job.spec.loss)).toContain('"__proto__":2');
    const [wire] = [await grpc.job(classes.job.id)];
    expect(JSON.stringify(wire.spec?.labels)).toBe('{"__proto__":"kept"}');
    const row = '[{"constructor": 1, "__proto__": 1, "y": 15}]';
    const [answer] = (await ask(classes.model, row)).body.predictions;
    expect(answer && "label" in answer && Object.keys(answer.probabilities ?? {})).toEqual([
      "__proto__",
      "constructor",
      "toString",
    ]);
    const [told] = (await grpc.predict(classes.model, JSON.parse(row))).predictions;
    const probabilities = told?.kind?.$case === "classification" ? told.kind.value.probabilities : {};
    expect(Object.keys(probabilities).sort()).toEqual(["__proto__", "constructor", "toString"]);
    const types = encodeURIComponent('{"__proto__":"category"}');
    const typeOf = (columns: readonly { name: string; type: unknown }[]) =>
      columns.find(({ name }) => name === "__proto__")?.type;
    expect(typeOf((await upload("prototype-names.csv", `?types=${types}`)).columns)).toBe("category");
    const header = { types: JSON.parse(`{"__proto__": ${WireType.COLUMN_TYPE_CATEGORY}}`) };
    const stated = await grpc.upload("typed", await dataFile("cases/prototype-names"), header);
    expect(typeOf(stated.columns)).toBe(WireType.COLUMN_TYPE_CATEGORY);
  });

  test("codes that look like numbers stay codes, and a bare number is not taken for another", async () => {
    const dataset = await upload("number-like-codes.csv");
    expect(dataset.columns.map(({ type }) => type)).toEqual(["category", "category", "category", "category", "number"]);
    const codes = { sku: ["1e3", "10e2"], big_id: ["9007199254740992", "9007199254740993"], zip: ["00501", "501"] };
    for (const [column, [one, nine]] of Object.entries(codes)) {
      const { model } = await train(dataset.id, linear([column]));
      await expectValues(model, `[{"${column}": "${one}"}, {"${column}": "${nine}"}]`, [1, 9]);
      const bare = await ask(model, `[{"${column}": ${column === "zip" ? "501" : nine}}]`);
      expect([bare.status, bare.body.errors[0]?.pointer]).toEqual([422, `/rows/0/${column}`]);
      expect(bare.body.detail).toContain("send codes as strings");
    }
  });

  test("semicolons and decimal commas are found out, or read as stated", async () => {
    const file = await dataFile("cases/decimal-comma");
    const plain = await upload("decimal-comma.csv");
    expect([plain.delimiter, plain.decimal, plain.notes?.map(({ code }) => code)]).toEqual([
      ...[";", ",", ["delimiter_found", "decimal_found"]],
    ]);
    expect((await grpc.upload("found", file)).notes).toEqual(plain.notes);
    const refused = await client.tryUpload(file, "?delimiter=,");
    expect([refused.status, refused.body.code]).toEqual([400, "invalid_csv"]);
    expect(refused.body.detail).toContain("?delimiter=;, and &decimal=,");
    const both = await client.tryUpload(file, "?delimiter=,&decimal=,");
    expect([both.status, both.body.errors[0]?.pointer]).toEqual([422, "/query/decimal"]);
    const dataset = await upload("decimal-comma.csv", "?delimiter=;&decimal=,");
    expect(dataset.columns[0]?.mean).toBeCloseTo(1.75, 12);
    expect(dataset.notes).toBeUndefined();
    expect(plain.columns).toEqual(dataset.columns);
    const { model } = await train(plain.id, linear());
    await expectValues(model, '[{"height": 1.8, "width": 3}]', [6.6]);
    const stated = await grpc.upload("spreadsheet", file, { delimiter: ";", decimal: "," });
    expect([stated.delimiter, stated.decimal, stated.columns[0]?.mean]).toEqual([";", ",", dataset.columns[0]?.mean]);
    const tab = await client.tryUpload("a\tb\n1\t2\n3\t4\n", "?delimiter=tab");
    expect([tab.status, tab.body.columns.map(({ name }) => name)]).toEqual([201, ["a", "b"]]);
    expect(await client.tryUpload("a\n1\n", "?delimiter=x")).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: "/query/delimiter" }] },
    });
  });

  test("constant and empty columns are named, and do no harm", async () => {
    const dataset = await upload("constant-and-empty.csv");
    const { job, model } = await train(dataset.id, linear());
    expect(job.plan.warnings.slice(-2)).toEqual([
      '"e" is empty: leave what has no value out of the features',
      '"c" is constant: nothing can be learnt from what every row has; leave it out of the features',
    ]);
    await expectValues(model, '[{"a": 3, "c": 7, "e": null}]', [-1]);
    expect((await grpc.job(job.id)).plan?.warnings).toEqual(job.plan.warnings);
  });

  test("a test split of one value has no R²", async () => {
    const dataset = await upload("nearly-constant-label.csv");
    const job = await client.untilDone(
      (await client.submit({ dataset: dataset.id, task: { type: "regression", label: "y" } })).id,
    );
    const report = await client.report(job.model ?? "");
    expect(report).toMatchObject({ task: "regression", r2: null });
    expect(report.notes.map(({ code }) => code)).toContain("constant_label");
    expect(job.metrics).not.toHaveProperty("testR2");
  });

  test("separated classes are called so", async () => {
    const dataset = await upload("perfect-separation.csv");
    const task = { type: "classification", label: "y" } as const;
    const { model, job } = await train(dataset.id, { task, model: { type: "logistic" } });
    const report = await client.report(model);
    expect(report.notes.find(({ code }) => code === "separated")?.message).toContain("no finite estimate");
    expect(await grpc.report(model)).toEqual(report);
    const { body } = await client.call<{ items: { type: string; level: string }[] }>(`/v1/jobs/${job.id}/events`, {
      headers: { accept: "application/json" },
    });
    expect(body.items).toContainEqual(expect.objectContaining({ type: "separated", level: "warn" }));
    const penalised = await train(dataset.id, { task, model: { type: "logistic" }, training: { ...exact, l2: 0.1 } });
    const held = await client.report(penalised.model);
    expect(held.notes.find(({ code }) => code === "separated")?.message).toContain("no test or p value");
    const coefficients = held.task === "classification" ? (held.coefficients ?? []) : [];
    expect(coefficients.map(({ pValue, standardError }) => [pValue, standardError !== null])).toEqual(
      coefficients.map(() => [null, true]),
    );
  });

  test("counts have their rates; a negative one is refused", async () => {
    const task = { type: "regression", label: "count" } as const;
    const zeros = await upload("poisson-zeros.csv");
    const { model } = await train(zeros.id, { task, model: { type: "poisson" } });
    await expectValues(model, '[{"g": "A"}, {"g": "B"}]', [1, 3]);
    const negative = await upload("poisson-negative.csv");
    const refused = await client.trySubmit({ dataset: negative.id, task, model: { type: "poisson" } });
    expect([refused.status, refused.body.errors[0]?.pointer]).toEqual([422, "/task/label"]);
    expect(refused.body.detail).toContain("negative values, -1 on line 6 of the file");
    const huge = await client.upload("huge", "x,count\n1,1.5e77\n2,3e77\n3,2e77\n4,1e77\n5,4e77\n");
    const tooLarge = await client.trySubmit({ dataset: huge.id, task, model: { type: "poisson" } });
    expect([tooLarge.status, tooLarge.body.errors[0]?.pointer]).toEqual([422, "/task/label"]);
    expect(tooLarge.body.detail).toContain("up to 4e+77");
  });

  test("what training had not seen is named in the answer, or refused", async () => {
    const dataset = await upload("unseen-category.csv");
    const { model } = await train(dataset.id, linear());
    await expectValues(
      model,
      '[{"colour": "red", "n": 0}, {"colour": "green", "n": 0}, {"colour": "blue", "n": 0}]',
      [10, 20, 60],
    );
    const rows =
      '[{"colour": "purple", "n": 3}, {"colour": "red ", "n": 3}, {"colour": null, "n": 3}, {"n": 3}, {"color": "red", "n": 3}]';
    const { status, body } = await ask(model, rows);
    expect([status, body.predictions.length, body.furtherWarnings]).toEqual([200, 5, 0]);
    expect(body.warnings.map(({ row, column, code }) => [row, column, code])).toEqual([
      [0, "colour", "unknown_category"],
      [1, "colour", "unknown_category"],
      [2, "colour", "missing_feature"],
      [3, "colour", "missing_feature"],
      [4, "color", "unknown_feature"],
      [4, "colour", "missing_feature"],
    ]);
    expect(body.warnings[1]?.message).toContain('did you mean "red"');
    expect((await grpc.predict(model, JSON.parse(rows))).warnings).toEqual(body.warnings);
    const strict = await ask(model, rows, true);
    expect([strict.status, strict.body.errors.map(({ pointer }) => pointer)]).toEqual([
      422,
      ["/rows/0/colour", "/rows/1/colour", "/rows/2/colour", "/rows/3/colour", "/rows/4/color", "/rows/4/colour"],
    ]);
    await expect(grpc.predict(model, JSON.parse(rows), true)).rejects.toMatchObject({
      details: expect.stringContaining("/rows/0/colour"),
    });
    const text = await ask(model, '[{"colour": "red", "n": "3"}]');
    expect([text.status, text.body.errors[0]?.pointer]).toEqual([422, "/rows/0/n"]);
    const wild = await ask(model, '[{"colour": "red", "n": 1e300}]');
    expect([wild.status, wild.body.errors[0]?.pointer]).toEqual([422, "/rows/0/n"]);
  });

  test("naughty strings are names, categories and labels from the upload to the report and the exports", async () => {
    const file = new URL("../data/naughty-strings.json", import.meta.url);
    const listed: string[] = JSON.parse(await readFile(file, "utf8"));
    // Commas would be looked at as another delimiter in a header of one column only: here are many.
    const usual = [...new Set(listed)].filter((text) => text.trim() !== "" && text.length <= 60);
    const spread = (count: number, from: number): string[] =>
      Array.from({ length: count }, (_, i) => usual[from + Math.floor((i * (usual.length - from)) / count)]!);
    const [names, cells] = [spread(24, 0), spread(18, 5)];
    const scripts = usual.filter((text) => text.includes("<script>"));
    const [label, ...classes] = [
      '<label> & "it"',
      scripts[0]!,
      "NULL",
      usual.find((text) => /\p{Emoji_Presentation}/u.test(text))!,
    ];
    expect(scripts.length).toBeGreaterThan(0);
    const columns = [label!, ...names.filter((name) => name !== label), scripts.at(-1)!];
    const rows = Array.from({ length: 90 }, (_, row) =>
      columns.map((_, i) => (i === 0 ? classes[row % 3]! : cells[(row * (1 + (i % 5)) + i) % cells.length]!)),
    );
    const { status, body: dataset } = await client.tryUpload([columns, ...rows].map(csvRecord).join(""));
    expect([status, dataset.columns?.map(({ name }) => name)]).toEqual([201, columns]);
    const { job, model } = await train(dataset.id, {
      task: { type: "classification", label: label! },
      model: { type: "mlp", hidden: [4] },
      training: { epochs: 2, penaltySearch: false },
    });
    expect(job.spec.task).toMatchObject({ label });
    const asked = rows
      .slice(0, 6)
      .map((row) => Object.fromEntries(columns.slice(1).map((name, i) => [name, row[i + 1]])));
    const { predictions, warnings } = (await ask(model, JSON.stringify(asked))).body;
    // Whether training met a category is by the draw; that each is one of the file is not.
    expect(warnings.filter(({ message }) => !/no row of training has/.test(message))).toEqual([]);
    const told = predictions.map((each) => ("label" in each ? each : null)!);
    for (const { probabilities } of told)
      expect(Object.keys(probabilities as object).sort()).toEqual(classes.toSorted());
    const wire = (await grpc.predict(model, asked)).predictions;
    expect(wire.map(({ kind }) => (kind?.$case === "classification" ? kind.value.label : null))).toEqual(
      told.map((each) => each.label),
    );
    const text = async (path: string) => (await fetch(`${service.url}/v1/models/${model}${path}`)).text();
    const html = await text("/report.html");
    expect(html).toContain("&lt;label&gt; &amp; &quot;it&quot;");
    for (const name of [...columns, ...classes].filter((name) => /<[a-z]/i.test(name)))
      expect(html).not.toContain(name);
    expect(await text("/card")).toContain("label");
    const held: string[] = [];
    const handlers = { header: () => {}, record: (record: CsvRecord) => held.push(cellText(record, 1)) > 0 };
    await scanCsv(Readable.from([Buffer.from(await text("/held-out"))]), handlers);
    expect(held.filter((each) => !classes.includes(each))).toEqual([]);
    const onnx = new Uint8Array(await (await fetch(`${service.url}/v1/models/${model}/onnx`)).arrayBuffer());
    const feeds = columns.slice(1).map((name) => {
      const data = asked.map((row) => row[name] ?? "");
      return [name, { type: "string" as const, dims: [6, 1], data }] as const;
    });
    expect((await runOnnx(onnx, Object.fromEntries(feeds))).label?.data).toEqual(told.map((each) => each.label));
  });
});
