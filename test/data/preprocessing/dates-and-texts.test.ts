import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { encodeRows } from "../../../src/data/preprocessing/encode-rows.ts";
import { murmurHash3 } from "../../../src/data/preprocessing/encoders/murmur-hash.ts";
import { wordsOf } from "../../../src/data/preprocessing/encoders/text-terms.ts";
import { createFeatureEncoder } from "../../../src/data/preprocessing/feature-encoder.ts";
import { inputName } from "../../../src/data/preprocessing/input-names.ts";
import { prepareAll, streamOf } from "../csv-fixtures.ts";

type Sparse = [number, number][][];
const oracle: { texts: string[]; words: Record<"tf" | "tfidf", Sparse>; chars: Record<"tf" | "tfidf", Sparse> } =
  JSON.parse(readFileSync(new URL("./hashed-texts.json", import.meta.url), "utf8"));

const hour = 3_600_000;
const start = Date.UTC(2023, 0, 2, 6);
const times = Array.from({ length: 200 }, (_, i) => new Date(start + i * 77 * hour).toISOString());
const dated = (): ReturnType<typeof streamOf> =>
  streamOf(`at,y\n${times.map((time, i) => `${i === 5 ? "" : time},${i % 7}`).join("\n")}\n`, 4096);

describe("dates as features", () => {
  test("are the standardised days and sine and cosine of what recurs, the same in training and prediction", async () => {
    const task = { task: { type: "regression", label: "y" } } as const;
    const { preprocessing, arrays, shape } = await prepareAll(dated, {
      ...task,
      training: { split: { test: 0, validation: 0 } },
    });
    const [feature] = preprocessing.features;
    expect(feature).toMatchObject({ type: "datetime", cycles: ["hour", "weekday", "year"], missingIndicator: true });
    expect([preprocessing.inputs, shape.inputs]).toEqual([8, 8]);
    expect(Array.from({ length: 8 }, (_, i) => inputName(preprocessing, i))).toEqual(
      ["days", "hour sin", "hour cos", "weekday sin", "weekday cos", "year sin", "year cos", "missing"].map(
        (part) => `"at" ${part}`,
      ),
    );
    const row = (i: number): number[] => [...arrays.train.features.subarray(8 * i, 8 * i + 8)];
    // Monday, 6 o'clock, the second day of a year.
    const turns = ((start / (24 * hour)) % 365.2425) / 365.2425;
    const expected = [1, 0, 0, 1, Math.sin(2 * Math.PI * turns), Math.cos(2 * Math.PI * turns), 0];
    for (const [i, value] of expected.entries()) expect(row(0)[i + 1]).toBeCloseTo(value, 6);
    expect(row(5)).toEqual([0, 0, 0, 0, 0, 0, 0, 1]);
    const asked = [{ at: times[9]! }, { at: new Date(times[9]!).getTime() }, { at: null }, { at: "" }];
    const { inputs, warnings } = encodeRows(preprocessing, asked);
    expect([...inputs.subarray(0, 8)]).toEqual(row(9));
    expect([...inputs.subarray(8, 16)]).toEqual(row(9));
    expect([...inputs.subarray(16, 24)]).toEqual(row(5));
    expect(warnings).toEqual([]);
    const far = encodeRows(preprocessing, [{ at: "2099-01-01" }]);
    expect(far.warnings[0]?.message).toMatch(
      /^2099-01-01 is beyond the dates of training, 2023-01-02T06:00:00Z to 2024-/,
    );
    expect(() => encodeRows(preprocessing, [{ at: "soon" }])).toThrow(/\/rows\/0\/at: must be a date or a time/);
    expect(() => encodeRows(preprocessing, [{ at: "03/04/2026" }])).toThrow(
      /29\.03\.2026.*"03\/04\/2026", whose day and month could be mistaken/,
    );
  });
});

const reviews = (): ReturnType<typeof streamOf> => {
  const lines = Array.from(
    { length: 80 },
    (_, i) => `"${i % 2 === 0 ? "Good and cheap" : "Bad, broken thing"} number ${i}",${i % 2}`,
  );
  return streamOf(`review,y\n${lines.join("\n")}\n`, 4096);
};

describe("texts as features", () => {
  test("are hashed and weighted as scikit-learn does", () => {
    for (const kind of ["words", "chars"] as const) {
      const { tf, tfidf } = oracle[kind];
      const having = Array.from(
        { length: 64 },
        (_, bucket) => tf.filter((row) => row.some(([at]) => at === bucket)).length,
      );
      const encoder = createFeatureEncoder({
        ...{ type: "text", column: "t", buckets: 64, missingIndicator: false },
        ...(kind === "words" ? { words: 2, characters: 0 } : { words: 0, characters: 3 }),
        weights: having.map((d) => Math.log((1 + oracle.texts.length) / (1 + d)) + 1),
      });
      for (const [i, text] of oracle.texts.entries()) {
        const [out, expected] = [new Float64Array(64), new Float64Array(64)];
        encoder.write(out, 0, text);
        for (const [bucket, value] of tfidf[i]!) expected[bucket] = value;
        for (let bucket = 0; bucket < 64; bucket++) expect(out[bucket], text).toBeCloseTo(expected[bucket]!, 12);
      }
    }
  });

  test("hash as published, and part words where no Unicode version matters", () => {
    const hash = (text: string): number => murmurHash3(new TextEncoder().encode(text)) >>> 0;
    // Vectors of the reference implementation, as Wikipedia and scikit-learn's tests have them.
    expect([
      hash(""),
      hash("test"),
      hash("Hello, world!"),
      hash("The quick brown fox jumps over the lazy dog"),
    ]).toEqual([0, 0xba6bd213, 0xc0363e43, 0x2e4ff723]);
    expect(wordsOf("Don't STOP… the Größe–Maß, 3.5 ΣΊΓΜΑ!")).toEqual([
      "don",
      "t",
      "stop",
      "the",
      "größe",
      "maß",
      "3",
      "5",
      "σίγμα",
    ]);
  });

  test("are counted with weights of the training rows, planned in their size, and say so in the record", async () => {
    const task = { task: { type: "classification", label: "y" } } as const;
    const { preprocessing, spec, shape, arrays } = await prepareAll(reviews, task);
    expect(spec.preprocessing).toEqual({
      images: "standardize",
      texts: { words: 2, characters: 0, buckets: 256, weighting: "tfidf" },
    });
    expect([shape.inputs, preprocessing.inputs]).toEqual([256, 256]);
    expect(preprocessing.features[0]).toMatchObject({ type: "text", words: 2, buckets: 256 });
    const first = arrays.train.features.subarray(0, 256);
    expect(Array.from(first).reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 6);
    const small = await prepareAll(reviews, {
      ...task,
      preprocessing: { texts: { buckets: 16, weighting: "tf", characters: 3 } },
    });
    expect(small.shape.inputs).toBe(16);
    expect(small.preprocessing.features[0]).not.toHaveProperty("weights");
  });

  test("are refused where there are none to count, or where they would have to come back", async () => {
    const numbers = (): ReturnType<typeof streamOf> =>
      streamOf("a,y\n1,0\n2,1\n3,0\n4,1\n5,0\n6,1\n7,1\n8,0\n9,1\n0,0\n", 4096);
    await expect(
      prepareAll(numbers, { task: { type: "classification", label: "y" }, preprocessing: { texts: {} } }),
    ).rejects.toThrow(/\/preprocessing\/texts: none of the features is a column of texts/);
    await expect(prepareAll(reviews, { task: { type: "reconstruction", features: ["review", "y"] } })).rejects.toThrow(
      /"review" is a column of texts, which are not reconstructed/,
    );
  });
});
