import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Problem } from "../../src/domain/errors.ts";
import { encodePng } from "../../src/formats/images/decode-image.ts";
import { encodeSafetensors } from "../../src/formats/safetensors/safetensors.ts";
import { buildTar, buildZip } from "../formats/archives/build-archives.ts";
import { idxImages, idxLabels } from "../formats/images/build-idx.ts";
import { createChance, mutate } from "../formats/mutate.ts";
import { tinyNetwork } from "../formats/onnx/tiny-network.ts";
import { startTestService, type TestService } from "../usecases/service.ts";

const seed = Number(process.env.FUZZ_SEED ?? 1);
const rounds = Number(process.env.FUZZ_ROUNDS ?? 25);

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(async () => {
  await service.close();
});

const png = await encodePng(
  Uint8Array.from({ length: 300 }, (_, i) => (i * 7) % 256),
  { height: 10, width: 10, channels: 3 },
);
const packed = [
  { path: "cat/1.png", content: png },
  { path: "dog/2.png", content: png },
];
const tabled = [...packed, { path: "t.csv", content: Buffer.from("path,label,age\ncat/1.png,a,3\ndog/2.png,b,4\n") }];
const idx = [
  { path: "train-images-idx3-ubyte", content: idxImages(3, 4, 4) },
  { path: "train-labels-idx1-ubyte", content: idxLabels(3) },
];
const former = new Uint8Array(readFileSync(new URL("../data/networks/former.before.onnx", import.meta.url)));
const weights = encodeSafetensors([
  { name: "features.0.weight", dtype: "F32", shape: [2, 3], data: new Float32Array(6) },
]);

const uploads: [string, string, string, Uint8Array][] = [
  ["ONNX", "/v1/models?name=x", "application/onnx", former],
  ["a zip of ONNX", "/v1/models?name=x", "application/zip", buildZip([{ path: "m.onnx", content: tinyNetwork() }])],
  ["safetensors", "/v1/models?architecture=vgg11", "application/vnd.safetensors", weights],
  ["a zip of images", "/v1/datasets?name=x", "application/zip", buildZip(packed)],
  ["a tar of images", "/v1/datasets?name=x", "application/x-tar", buildTar(packed)],
  ["a tar of images with a table", "/v1/datasets?name=x", "application/x-tar", buildTar(tabled)],
  ["a tar of IDX files", "/v1/datasets?name=x", "application/x-tar", buildTar(idx)],
];

test.each(uploads)(
  "uploads of %s with faults are taken or refused in words, and nothing of them stays",
  async (_, path, type, file) => {
    const chance = createChance(seed);
    for (let round = 0; round < rounds; round++) {
      const body = mutate(file, chance);
      const said = `seed ${seed}, round ${round}: ${Buffer.from(body).toString("base64").slice(0, 2000)}`;
      const response = await fetch(`${service.url}${path}`, {
        method: "POST",
        headers: { "content-type": type },
        body,
      });
      const answer = (await response.json()) as Problem & { id?: string };
      if (response.status === 201) {
        const at = path.replace(/\?.*/, "");
        expect((await fetch(`${service.url}${at}/${answer.id}`, { method: "DELETE" })).status, said).toBe(204);
        continue;
      }
      expect([400, 413, 422], `${said}\n${JSON.stringify(answer)}`).toContain(response.status);
      expect(answer.detail.length, said).toBeGreaterThan(10);
    }
    expect(await service.deps.artifacts.usedBytes("default/")).toBe(0);
    expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
  },
);
