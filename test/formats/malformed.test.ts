import { readFileSync } from "node:fs";
import { deflateSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { ServiceError } from "../../src/domain/errors.ts";
import type { ImportFormat } from "../../src/domain/models/imported-model.ts";
import { createNetworkPredictor } from "../../src/engine/train/network-predictor.ts";
import { archiveFiles } from "../../src/formats/archives/archive-files.ts";
import { createImageDecoder, encodePng } from "../../src/formats/images/decode-image.ts";
import { decodeMessage, encodeMessage } from "../../src/formats/onnx/wire/message-codec.ts";
import { type ModelMessage, ModelTable } from "../../src/formats/onnx/wire/schema.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/formats/safetensors/safetensors.ts";
import { readUpload } from "../../workers/importing/read-upload.ts";
import { compiled } from "../engine/train/job.ts";
import { buildTar, buildZip, reading } from "./archives/build-archives.ts";
import { createChance, mutate, mutateGraph } from "./mutate.ts";
import { integersOf, modelOf, nodeOf, portOf, tensorOf, tinyNetwork } from "./onnx/tiny-network.ts";

/** `FUZZ_SEED=7 FUZZ_ROUNDS=10000 npx vitest run test/formats/malformed.test.ts` looks elsewhere, and longer. */
const seed = Number(process.env.FUZZ_SEED ?? 1);
const rounds = Number(process.env.FUZZ_ROUNDS ?? 150);
console.log(`fuzzing: seed ${seed}, ${rounds} files of each kind`);

const mebibyte = 2 ** 20;
const network = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../data/networks/${name}.before.onnx`, import.meta.url)));
const limits = { entries: 100, entryBytes: mebibyte, totalBytes: 4 * mebibyte };
const decode = createImageDecoder(1_000_000);
const size = { height: 8, width: 8, channels: 3, shorterSide: 8 };
const png = await encodePng(
  Uint8Array.from({ length: 300 }, (_, i) => (i * 7) % 256),
  { height: 10, width: 10, channels: 3 },
);
const safetensors = encodeSafetensors([
  { name: "features.0.weight", dtype: "F32", shape: [2, 3], data: new Float32Array(6) },
  { name: "b", dtype: "F32", shape: [2], data: new Float32Array(2) },
]);

const files = async (archive: Uint8Array): Promise<number> => {
  const bytes = Buffer.from(archive);
  let count = 0;
  for await (const _ of archiveFiles(reading(bytes), bytes.length, limits)) count += 1;
  return count;
};

const packed = [
  { path: "cat/1.png", content: png },
  { path: "dog/2.png", content: png },
];
const onnxZip = buildZip([
  { path: "model.onnx", content: tinyNetwork() },
  { path: "labels.txt", content: Buffer.from("a\nb\n") },
]);
const upload = (format: ImportFormat) => (file: Uint8Array) => readUpload(file, format, "mobilenet_v1");

const kinds: Record<string, { valid: readonly Uint8Array[]; read: (file: Uint8Array) => unknown }> = {
  onnx: { valid: [tinyNetwork(), network("plain"), network("former")], read: upload("onnx") },
  "zip of onnx": { valid: [onnxZip], read: upload("zip") },
  safetensors: { valid: [safetensors], read: upload("safetensors") },
  "safetensors of ours": { valid: [safetensors], read: decodeSafetensors },
  zip: { valid: [buildZip(packed)], read: files },
  tar: { valid: [buildTar(packed)], read: files },
  "tar.gz": { valid: [gzipSync(buildTar(packed))], read: files },
  image: { valid: [png], read: (file) => decode(file, size) },
};

const clear: readonly string[] = ["malformed", "unprocessable", "too_large", "over_limit", "invalid"];

/** Read, or refused in words: nothing else may become of a file. */
const outcomeOf = async (read: (file: Uint8Array) => unknown, file: Uint8Array): Promise<string | null> => {
  try {
    await read(file);
    return null;
  } catch (error) {
    if (error instanceof ServiceError && clear.includes(error.code) && error.message.length < 2000) return null;
    return error instanceof Error ? `${error.name}: ${error.message}\n${error.stack}` : String(error);
  }
};

describe("files with faults at random are read or refused in words, in bounded memory:", () => {
  test.each(Object.entries(kinds))("%s", async (kind, { valid, read }) => {
    const before = process.resourceUsage().maxRSS;
    const chance = createChance(seed);
    for (let round = 0; round < rounds; round++) {
      const file = mutate(valid[round % valid.length]!, chance);
      const odd = await outcomeOf(read, file);
      expect(
        odd,
        `${kind}, seed ${seed}, round ${round}: ${Buffer.from(file).toString("base64").slice(0, 4000)}`,
      ).toBeNull();
    }
    // Of kilobytes on the way in.
    expect((process.resourceUsage().maxRSS - before) / 1024).toBeLessThan(300);
  });
});

describe("graphs with faults of meaning at random are read or refused in words, and what is read answers:", () => {
  test.each(["plain", "mobile", "former"])("%s", async (name) => {
    const chance = createChance(seed);
    let read = 0;
    for (let round = 0; round < rounds; round++) {
      const model = decodeMessage(network(name), ModelTable) as ModelMessage;
      mutateGraph(model.graph as unknown as Parameters<typeof mutateGraph>[0], chance);
      const file = new Uint8Array(encodeMessage(model, ModelTable));
      const odd = await outcomeOf(async () => {
        const { network: own } = await readUpload(file, "onnx");
        read += 1;
        const sizes = own.network.inputs.map(({ shape }) => shape.reduce((product, size) => product * size, 1));
        const { predict } = await createNetworkPredictor(own.network, own.data, await compiled);
        const answers = predict(
          sizes.map((size) => new Float32Array(2 * size)),
          2,
        );
        for (const [i, { shape }] of own.network.outputs.entries())
          expect(answers[i]!.length).toBe(2 * shape.reduce((product, size) => product * size, 1));
      }, file);
      expect(odd, `${name}, seed ${seed}, round ${round}: ${JSON.stringify(model.graph).slice(0, 3000)}`).toBeNull();
    }
    expect(read).toBeGreaterThan(0);
  });
});

const refused = async (read: () => unknown): Promise<ServiceError> => {
  try {
    await read();
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error("it was read");
};

/** A safetensors file with this header and so many bytes behind it. */
const withHeader = (header: unknown, dataBytes: number, statedBytes?: bigint): Uint8Array => {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(statedBytes ?? BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(dataBytes)]);
};
const entry = (shape: readonly number[], data_offsets: readonly number[], dtype = "F32") => ({
  dtype,
  shape,
  data_offsets,
});

describe("safetensors files are refused", () => {
  test.each<[string, Uint8Array, RegExp]>([
    ["whose header is said to be huge", withHeader("{}", 0, 2n ** 63n), /larger than 1 MiB/],
    ["that end within their header", withHeader("{}", 0, 1000n), /ends within its header/],
    [
      "whose tensors overlap",
      withHeader({ a: entry([2], [0, 8]), b: entry([2], [4, 12]) }, 12),
      /starts at 4, expected 8/,
    ],
    ["whose tensors leave gaps", withHeader({ a: entry([1], [0, 4]), b: entry([1], [8, 12]) }, 12), /starts at 8/],
    ["whose tensors reach beyond the end", withHeader({ a: entry([4], [0, 16]) }, 8), /end at byte 16/],
    ["whose shape overflows", withHeader({ a: entry([2 ** 32, 2 ** 32], [0, 8]) }, 8), /another number/],
    ["whose shape is below zero", withHeader({ a: entry([-1, -8], [0, 32]) }, 32), /a:/],
    ["whose offsets run backwards", withHeader({ a: entry([1], [8, 4]) }, 8), /starts at 8/],
    ["whose header is nested a thousand deep", withHeader("[".repeat(1000) + "]".repeat(1000), 0), /header/],
    ["whose names are not texts", withHeader('{"a":3}', 0), /a:/],
  ])("%s", async (_, file, message) => {
    for (const read of [() => decodeSafetensors(file), () => readUpload(file, "safetensors", "resnet18")]) {
      const { code, message: said } = await refused(read);
      expect(code).toBe("malformed");
      expect(said).toMatch(message);
    }
  });
});

const chain = (nodes: number): Uint8Array =>
  modelOf({
    nodes: Array.from({ length: nodes }, (_, i) => nodeOf("Relu", [i === 0 ? "x" : `v${i - 1}`], `v${i}`)),
    inputs: [portOf("x", ["batch", 2])],
    outputs: [portOf(`v${nodes - 1}`, ["batch", 2])],
  });

const one = (
  nodes: ReturnType<typeof nodeOf>[],
  initializers: unknown[] = [],
  dims: (number | string)[] = ["batch", 2],
) =>
  modelOf({
    nodes,
    initializers: initializers as ReturnType<typeof tensorOf>[],
    inputs: [portOf("x", dims)],
    outputs: [portOf("y", ["batch", 2])],
  });

/** A graph within an attribute of a node within a graph, and so on. */
const nested = (depth: number): Uint8Array<ArrayBuffer> => {
  let graph: unknown = { nodes: [], initializers: [], inputs: [], outputs: [] };
  for (let i = 0; i < depth; i++) {
    const attribute = { name: "body", type: 5, graph, floats: [], ints: [], strings: [] };
    graph = {
      nodes: [{ op: "If", inputs: [], outputs: ["y"], attributes: [attribute] }],
      initializers: [],
      inputs: [],
      outputs: [],
    };
  }
  return new Uint8Array(encodeMessage({ irVersion: 8, graph, operatorSets: [{ version: 17 }] }, ModelTable));
};

/** Functions that call each other in a circle, each twice: doubled at every level. */
const circle = (): Uint8Array<ArrayBuffer> => {
  const call = (op: string, output: string) => ({
    op,
    domain: "own",
    inputs: ["x"],
    outputs: [output],
    attributes: [],
  });
  const body = (name: string, other: string) => ({
    ...{ name, domain: "own", inputs: ["x"], outputs: ["y"], attributes: [] },
    nodes: [call(other, "z"), call(other, "y")],
  });
  const graph = {
    nodes: [call("A", "y")],
    initializers: [],
    inputs: [portOf("x", ["batch", 2])],
    outputs: [portOf("y", ["batch", 2])],
  };
  return new Uint8Array(
    encodeMessage(
      { irVersion: 8, graph, operatorSets: [{ version: 17 }], functions: [body("A", "B"), body("B", "A")] },
      ModelTable,
    ),
  );
};

describe("ONNX files are refused", () => {
  test.each<[string, Uint8Array, RegExp]>([
    [
      "whose nodes are a circle",
      one([nodeOf("Relu", ["b"], "a"), nodeOf("Relu", ["a"], "b"), nodeOf("Add", ["x", "a"], "y")]),
      /computed by no node before it/,
    ],
    [
      "whose tensors have 2⁶³ elements",
      one([nodeOf("Add", ["x", "w"], "y")], [{ ...tensorOf("w", [2], [1, 2]), dims: [2 ** 62, 2] }]),
      /axis of|more elements/,
    ],
    [
      "whose axes are below zero",
      one([nodeOf("Add", ["x", "w"], "y")], [{ ...tensorOf("w", [2], [1, 2]), dims: [-2, -1] }]),
      /axis of -2/,
    ],
    [
      "whose sizes overflow in a product",
      one([nodeOf("Add", ["x", "w"], "y")], [{ ...tensorOf("w", [2], [1, 2]), dims: Array(15).fill(65_536) }]),
      /more elements/,
    ],
    [
      "whose inputs have 2⁶² numbers",
      one([nodeOf("Relu", ["x"], "y")], [], ["batch", 2 ** 62]),
      /dynamic size|numbers/,
    ],
    [
      "whose constants grow when they are computed",
      one(
        [nodeOf("ConstantOfShape", ["s"], "c"), nodeOf("Add", ["x", "c"], "y")],
        [integersOf("s", [2 ** 40, 2 ** 20])],
      ),
      /ConstantOfShape/,
    ],
    ["whose graphs are nested", nested(40), /deep/],
    ["whose nodes are control flow", nested(3), /control flow/],
    ["whose functions call each other", circle(), /deep|nodes/],
    [
      "whose external data lead out of the archive",
      one(
        [nodeOf("Add", ["x", "w"], "y")],
        [
          {
            ...tensorOf("w", [2], []),
            rawData: undefined,
            dataLocation: 1,
            externalData: [{ key: "location", value: "../../etc/passwd" }],
          },
        ],
      ),
      /not in the upload/,
    ],
    ["that are empty", new Uint8Array(), /no graph/],
  ])("%s", async (_, file, message) => {
    const { code, message: said } = await refused(() => readUpload(file, "onnx"));
    expect(["malformed", "unprocessable"]).toContain(code);
    expect(said).toMatch(message);
  });

  test("and not for being 10,000 nodes deep", async () => {
    const { network: read } = await readUpload(chain(10_000), "onnx");
    expect(read.network.nodes.length).toBe(10_000);
  });

  test("with external data at offsets that do not fit, or under paths that lead out", async () => {
    const external = (entries: Record<string, string>) =>
      one(
        [nodeOf("Add", ["x", "w"], "y")],
        [
          {
            ...tensorOf("w", [2], []),
            ...{ rawData: undefined, dataLocation: 1 },
            externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
          },
        ],
      );
    const zipOf = (entries: Record<string, string>, path = "w.bin") =>
      buildZip([
        { path: "m/model.onnx", content: external(entries) },
        { path: `m/${path}`, content: Buffer.from(Float32Array.of(1, 2).buffer) },
      ]);
    const whole = await readUpload(zipOf({ location: "w.bin", offset: "0", length: "8" }), "zip");
    expect([...whole.network.data.values()].map((values) => [...values])).toEqual([[1, 2]]);
    for (const odd of [{ offset: "4" }, { offset: "-8" }, { offset: "9e99" }, { length: "4" }, { length: "x" }])
      expect((await refused(() => readUpload(zipOf({ location: "w.bin", ...odd }), "zip"))).message).toMatch(
        /is said to lie at/,
      );
    expect((await refused(() => readUpload(zipOf({ location: "../w.bin" }), "zip"))).message).toMatch(
      /not in the upload/,
    );
    expect((await refused(() => readUpload(zipOf({ location: "w.bin" }, "../../w.bin"), "zip"))).message).toMatch(
      /leads out/,
    );
  });
});

const chunk = (type: string, data: Uint8Array): Buffer => {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  let crc = ~0;
  for (const byte of body) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(~crc >>> 0);
  return Buffer.concat([length, body, sum]);
};

/** A grey PNG that says it has this size, whatever its pixels are. */
const pngOf = (width: number, height: number, pixels: Uint8Array, extra: readonly Buffer[] = []): Buffer => {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 0, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk("IHDR", head),
    ...extra,
    chunk("IDAT", deflateSync(pixels)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
};

describe("pictures are told to be broken", () => {
  // A text that unpacks to a hundred megabytes, as profiles and comments of pictures may.
  const bomb = Buffer.concat([Buffer.from("Comment\0\0", "latin1"), deflateSync(Buffer.alloc(100 * mebibyte))]);
  test.each<[string, Buffer]>([
    ["that say they are 60,000 pixels wide and high", pngOf(60_000, 60_000, Buffer.alloc(100))],
    ["that unpack to more than they say", pngOf(4, 4, Buffer.alloc(50 * mebibyte))],
    ["that are shorter than they say", pngOf(100, 100, Buffer.alloc(101))],
    ["that end in the middle", png.subarray(0, 60)],
    ["that have no width", pngOf(0, 10, Buffer.alloc(10))],
    ["whose comment is a bomb", pngOf(10, 10, Buffer.alloc(110), [chunk("zTXt", bomb)])],
    ["that are JPEG by their first bytes alone", Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16])],
    ["that are WebP by their first bytes alone", Buffer.from("RIFF\xff\xff\xff\xffWEBPVP8L", "latin1")],
    [
      "that are SVG, which is never given to a decoder",
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
    ],
  ])("%s", async (_, file) => {
    const before = process.resourceUsage().maxRSS;
    const answer = await decode(file, size);
    // A picture may have a large comment, and one that says it is smaller than it is may be cut: then it is whole in 8 × 8 pixels.
    if ("problem" in answer) expect(answer.problem.length).toBeGreaterThan(5);
    else expect(answer.pixels.length).toBe(192);
    expect((process.resourceUsage().maxRSS - before) / 1024).toBeLessThan(400);
  });

  test("and what is too large or damaged never decodes", async () => {
    for (const file of [pngOf(60_000, 60_000, Buffer.alloc(100)), png.subarray(0, 60), pngOf(0, 10, Buffer.alloc(10))])
      expect(await decode(file, size)).toHaveProperty("problem");
  });
});

describe("archives are refused or told to be broken", () => {
  test("bombs: what unpacks to more than is allowed is not unpacked, whatever the directory says", async () => {
    const bomb = { path: "cat/bomb.png", content: Buffer.alloc(40 * mebibyte) };
    for (const statedBytes of [40 * mebibyte, 10, 0]) {
      const found: unknown[] = [];
      const zip = buildZip([{ ...bomb, statedBytes }, ...packed]);
      for await (const file of archiveFiles(reading(zip), zip.length, limits))
        found.push("problem" in file ? "problem" : file.path);
      expect(found).toEqual(["problem", "cat/1.png", "dog/2.png"]);
    }
    const many = buildZip(
      Array.from({ length: 9 }, (_, i) => ({ path: `a/${i}`, content: Buffer.alloc(mebibyte / 2 + 1) })),
    );
    expect((await refused(() => files(many))).code).toBe("too_large");
    const nest = gzipSync(gzipSync(buildTar(packed)));
    expect((await refused(() => files(nest))).code).toBe("malformed");
    expect((await refused(() => files(gzipSync(Buffer.alloc(60 * mebibyte, "x"))))).code).toBe("malformed");
  });
});
