import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ServiceError } from "../../../src/domain/errors.ts";
import { JobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import { parse } from "../../../src/usecases/admission/parse.ts";

const dataset = "ds_01ARZ3NDEKTSV4RRFFQ69G5FAV";
const task = { type: "classification", label: "y" };

const faults = (body: unknown): Record<string, string> => {
  try {
    parse(JobSpec, body);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    expect(error.code).toBe("invalid");
    return Object.fromEntries(error.errors.map(({ pointer, detail }) => [pointer, detail]));
  }
  return {};
};

describe("parsing a body", () => {
  it.each<[string, object, Record<string, unknown>]>([
    ["what is missing", {}, { "/dataset": "is required", "/task": "is required" }],
    [
      "an unknown key, with the nearest known one",
      { optimiser: {} },
      { "/optimiser": 'unknown key; did you mean "optimizer"?' },
    ],
    [
      "an unknown key deep inside a tagged union, with the keys of the meant kind",
      { optimizer: { type: "momentum", nestrov: true } },
      { "/optimizer/nestrov": 'unknown key; did you mean "nesterov"?' },
    ],
    [
      "a key of another part, with its place",
      { split: {} },
      { "/split": 'unknown key; did you mean "training.split"?' },
    ],
    [
      "a key of the whole inside a part, with its place",
      { training: { optimizer: {}, features: ["a"] } },
      {
        "/training/optimizer": 'unknown key; did you mean "optimizer"?',
        "/training/features": 'unknown key; did you mean "task.features"?',
      },
    ],
    [
      "an unknown kind, with the nearest known one",
      { model: { type: "mpl" } },
      { "/model/type": expect.stringMatching(/^must be one of "linear".*; did you mean "mlp"\?$/) },
    ],
    [
      "a number out of range",
      { optimizer: { type: "adam", learningRate: -1 } },
      { "/optimizer/learningRate": "must be > 0" },
    ],
    ["a number's kind", { training: { epochs: "5" } }, { "/training/epochs": "must be a number, but is a string" }],
    [
      "an element of an array",
      { model: { type: "mlp", hidden: [64, 0] } },
      { "/model/hidden/1": "must be at least 1, but is 0" },
    ],
    [
      "inside the branch of a union that was meant",
      { model: { type: "mlp", initializer: { type: "normal", standardDeviation: -1 } } },
      { "/model/initializer/standardDeviation": "must be > 0" },
    ],
    [
      "a value that no branch takes",
      { training: { batchSize: "fully" } },
      { "/training/batchSize": 'must be a number or "full"' },
    ],
    [
      "layers within layers",
      { model: { type: "cnn", layers: [{ type: "residual", layers: [{ type: "dropuot", rate: 0.1 }] }] } },
      { "/model/layers/0/layers/0/type": expect.stringContaining('did you mean "dropout"?') },
    ],
    [
      "the form of a part that knows most of the keys, and what does not go with them",
      { task: { ...task, threshold: { metric: "f1", costs: { falsePositive: 1, falseNegative: 2 } } } },
      { "/task/threshold/costs": expect.stringMatching(/^does not go together with the other keys/) },
    ],
    [
      "what is missing in the form that was meant",
      { task: { ...task, threshold: { costs: { falsePositive: 1 } } } },
      { "/task/threshold/costs/falseNegative": "is required" },
    ],
    ["keys with a slash or a tilde (RFC 6901)", { "a/b~c": 1 }, { "/a~1b~0c": expect.stringContaining("unknown key") }],
    [
      "a key named __proto__",
      JSON.parse('{"__proto__": {}}'),
      { "/__proto__": expect.stringContaining("unknown key") },
    ],
  ])("points at %s", (_, part, expected) => {
    const whole = Object.keys(expected).includes("/dataset") ? part : { dataset, ...("task" in part ? {} : { task }) };
    const body: unknown = Object.is(whole, part)
      ? part
      : JSON.parse(JSON.stringify(whole).replace(/\}$/, `,${JSON.stringify(part).slice(1)}`));
    expect(faults(body)).toMatchObject(expected);
  });

  it("names all faults, but no more than twenty", () => {
    const labels = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, i]));
    expect(Object.keys(faults({ dataset, task, labels }))).toHaveLength(20);
  });

  it("says what the whole must be when it is not an object", () => {
    for (const body of [null, [], "x", 5]) expect(faults(body)[""]).toMatch(/^must be an object, but is/);
  });

  it("says of what is of another kind that alone, not how long it is", () => {
    const named = { base: "/query" };
    const list = z.object({ ids: z.array(z.string()).min(1).max(3) });
    expect(() => parse(list, { ids: "abcdef" }, named)).toThrow("/query/ids: must be an array, but is a string");
    expect(() => parse(list, { ids: "abcdef" }, named)).not.toThrow(/more\)/);
    expect(() => parse(list, { ids: ["a", "b", "c", "d"] }, named)).toThrow("must have at most 3 entries");
    expect(() => parse(list, { ids: [] }, named)).toThrow(/must have at least 1 entry$/);
    expect(() => parse(z.string().min(1), "")).toThrow(/must have at least 1 character$/);
  });

  it("puts parameters under /query", () => {
    expect(() => parse(z.object({ pageSize: z.int() }), { pageSize: "x" }, { base: "/query" })).toThrow(
      "/query/pageSize: must be a number, but is a string",
    );
  });

  it("refuses objects of more keys than any has, more parts than any spec has, and what lies too deep, before it looks closer", () => {
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 1]));
    expect(faults({ dataset, task, ...many(60_000) })).toEqual({
      "": "has 60002 keys; at most 1000 are allowed in one object",
    });
    expect(faults({ dataset, task, labels: many(1001) })["/labels"]).toMatch("has 1001 keys");
    const layers = Array.from({ length: 9000 }, () => ({ kernel: 0 }));
    expect(faults({ dataset, task, model: { type: "cnn", layers } })["/model/layers/8188"]).toMatch("at most 8192");
    let deep: unknown = 1;
    for (let level = 0; level < 400_000; level++) deep = [deep];
    expect(Object.values(faults({ dataset, task, labels: deep }))).toEqual(["lies more than 32 levels deep"]);
  });

  it("tells how many faults there are beside those that it names", () => {
    const features = Array.from({ length: 16_384 }, () => 1);
    expect(() => parse(JobSpec, { dataset, task: { ...task, features } })).toThrow("(and 16383 more)");
  });
});
