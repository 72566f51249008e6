import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { openPictures } from "../../src/data/images/open-pictures.ts";
import { ServiceError } from "../../src/domain/errors.ts";
import type { ImportFormat } from "../../src/domain/models/imported-model.ts";
import { createNetworkPredictor } from "../../src/engine/train/network-predictor.ts";
import { readIdxImages, readIdxLabels } from "../../src/formats/images/idx.ts";
import { readForm } from "../../src/formats/multipart/multipart.ts";
import { decodeMessage, encodeMessage } from "../../src/formats/onnx/wire/message-codec.ts";
import { type ModelMessage, ModelTable } from "../../src/formats/onnx/wire/schema.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/formats/safetensors/safetensors.ts";
import { readUpload } from "../../workers/importing/read-upload.ts";
import { compiled } from "../engine/train/job.ts";
import { buildTar, buildZip, reading } from "./archives/build-archives.ts";
import { decode, files, packed, png, size } from "./faulty-files.ts";
import { idxImages, idxLabels } from "./images/build-idx.ts";
import { createChance, mutate, mutateGraph } from "./mutate.ts";
import { tinyNetwork } from "./onnx/tiny-network.ts";
import { tableOfJsonLines } from "./read-table.ts";

/** `FUZZ_SEED=7 FUZZ_ROUNDS=10000 npx vitest run test/formats/malformed.test.ts` looks elsewhere, and longer. */
const seed = Number(process.env.FUZZ_SEED ?? 1);
const rounds = Number(process.env.FUZZ_ROUNDS ?? 150);
console.log(`fuzzing: seed ${seed}, ${rounds} files of each kind`);

const network = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../data/networks/${name}.before.onnx`, import.meta.url)));
const safetensors = encodeSafetensors([
  { name: "features.0.weight", dtype: "F32", shape: [2, 3], data: new Float32Array(6) },
  { name: "b", dtype: "F32", shape: [2], data: new Float32Array(2) },
]);

const onnxZip = buildZip([
  { path: "model.onnx", content: tinyNetwork() },
  { path: "labels.txt", content: Buffer.from("a\nb\n") },
]);
const upload = (format: ImportFormat) => (file: Uint8Array) =>
  readUpload(file, format, { architecture: "mobilenet_v1" });

const readImages = async (file: Uint8Array): Promise<void> => {
  const begin = (): void => {};
  for await (const image of readIdxImages("images", file, { mostSide: 64, begin }))
    expect(image.length).toBeGreaterThan(0);
};
const table = Buffer.from('path,label,weight\ncat/1.png,"a ""cat""",3.5\ndog/2.png,b,4\n');
const tabled = [...packed, { path: "t.csv", content: table }];
const form = Buffer.from(
  '--b0\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\nContent-Type: image/png\r\n\r\nPNG\r\n--b0\r\nContent-Disposition: form-data; name="request"\r\n\r\n{}\r\n--b0--\r\n',
);
/** All rows of an archive of pictures. */
const readSource = async (archive: Uint8Array): Promise<void> => {
  const bytes = Buffer.from(archive);
  const { rows } = await openPictures({
    ...{
      read: reading(bytes),
      bytes: bytes.length,
      decode,
      sizeOf: () => size,
      onBroken: "skip",
      types: {},
      dialect: {},
    },
    keepAside: async (pixels) => {
      const kept: Uint8Array[] = [];
      for await (const chunk of pixels) kept.push(chunk);
      return reading(Buffer.concat(kept));
    },
  });
  for await (const { pixels } of rows) expect(pixels.length).toBe(192);
};

const kinds: Record<string, { valid: readonly Uint8Array[]; read: (file: Uint8Array) => unknown }> = {
  onnx: { valid: [tinyNetwork(), network("plain"), network("former")], read: upload("onnx") },
  "zip of onnx": { valid: [onnxZip], read: upload("zip") },
  safetensors: { valid: [safetensors], read: upload("safetensors") },
  "safetensors of ours": { valid: [safetensors], read: decodeSafetensors },
  zip: { valid: [buildZip(packed)], read: files },
  tar: { valid: [buildTar(packed)], read: files },
  "tar.gz": { valid: [gzipSync(buildTar(packed))], read: files },
  image: { valid: [png], read: (file) => decode(file, size) },
  "JSON lines": {
    valid: [Buffer.from('{"a":{"b":[1,2]},"c":"\\u00e9"}\n{"c":null,"d":-1.5e3}\n')],
    read: tableOfJsonLines,
  },
  "IDX images": { valid: [idxImages(3, 4, 5), gzipSync(idxImages(3, 4, 5))], read: readImages },
  "IDX labels": { valid: [idxLabels(9), gzipSync(idxLabels(9))], read: (file) => readIdxLabels("labels", file, 1000) },
  "zip of images with a table": { valid: [buildZip(tabled)], read: readSource },
  "tar of images with a table": { valid: [buildTar(tabled)], read: readSource },
  "table of images": {
    valid: [table],
    read: (file) => readSource(buildTar([...packed, { path: "t.csv", content: file }])),
  },
  form: { valid: [form], read: (file) => readForm(file, "multipart/form-data; boundary=b0", 100) },
};

const clear: readonly string[] = ["malformed", "unprocessable", "too_large", "over_limit", "invalid", "invalid_csv"];

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
