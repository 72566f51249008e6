import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readRows } from "../../../src/data/columns/read-rows.ts";
import type { Dataset } from "../../../src/domain/datasets/dataset.ts";
import { artifactKeys } from "../../../src/store/artifacts/artifact-store.ts";
import type { Packed } from "../../formats/archives/build-archives.ts";
import { createJobs } from "./jobs.ts";
import { photographs, picture, uploadPictures } from "./pictures.ts";

const side = 16;

describe("a data set of images", () => {
  let jobs: Awaited<ReturnType<typeof createJobs>>;
  let dataset: Dataset;

  const upload = (files: readonly Packed[], onBroken: "skip" | "refuse" = "skip"): Promise<Dataset> =>
    uploadPictures(jobs.artifacts, files, { side, onBroken });

  beforeAll(async () => {
    jobs = await createJobs();
    dataset = await upload(await photographs());
  });
  afterAll(() => jobs.close());

  test("has the folders as labels and one image in each row", () => {
    expect(dataset).toMatchObject({
      rows: 80,
      images: { broken: 0, listed: [] },
      columns: [
        { name: "label", type: "category", categories: [{ count: 40 }, { count: 40 }] },
        { name: "image", type: "image", image: { height: side, width: side, channels: 3 } },
      ],
    });
  });

  test("lists what is no image with its path and leaves it out, or refuses the upload", async () => {
    const whole = await picture(true, 1);
    const files: Packed[] = [
      { path: "a/good.png", content: whole },
      { path: "b/cut.png", content: whole.subarray(0, whole.length - 60) },
      { path: "b/good.png", content: whole },
      { path: "top.png", content: whole },
      { path: "b/notes.txt", content: Buffer.from("no image") },
    ];
    const left = await upload(files);
    expect(left.rows).toBe(2);
    expect(left.images).toMatchObject({ broken: 3 });
    expect(left.images?.listed.map(({ path }) => path)).toEqual(["b/cut.png", "top.png", "b/notes.txt"]);
    await expect(upload(files, "refuse")).rejects.toMatchObject({
      code: "unprocessable",
      message: expect.stringContaining("b/cut.png"),
    });
    await expect(upload(files.slice(3))).rejects.toMatchObject({ code: "malformed" });
  });

  test("a classification trains a small CNN by default, to the same bits again, and answers for pictures", async () => {
    const input = { task: { type: "classification" as const, label: "label" }, training: { epochs: 8 } };
    const first = await jobs.trainOn(dataset, input);
    expect(first.spec.model).toMatchObject({ type: "cnn", input: { height: side, width: side, channels: 3 } });
    const { model, answerPictures } = await jobs.modelOf(first);
    const again = await jobs.modelOf(await jobs.trainOn(dataset, input));
    expect(again.model.digest).toBe(model.digest);
    expect(model.metrics.testAccuracy).toBeGreaterThan(0.9);

    const file = await jobs.artifacts.read(artifactKeys.datasetFile("default", dataset.id, "images"));
    const [row] = (await readRows(file, { limit: 1 }, dataset)).rows;
    const shown = String(row?.image);
    const original = (await picture(true, 0)).toString("base64");
    const [ofRow, ofFile] = await answerPictures({ image: shown }, { image: `data:image/png;base64,${original}` });
    expect(ofFile, "a row as it is shown and the picture that it was").toEqual(ofRow);
    expect(ofFile).toMatchObject({ label: "across" });
    await expect(answerPictures({ image: "?" })).rejects.toMatchObject({ errors: [{ pointer: "/rows/0/image" }] });
    await expect(answerPictures({})).rejects.toMatchObject({ errors: [{ pointer: "/rows/0/image" }] });
  });

  test("any model that takes the pixels trains on them, scaled as the job says", async () => {
    const task = { type: "classification" as const, label: "label" };
    const scalings = [
      ["unit", [0, 0, 0], [255, 255, 255]],
      ["minus_one_to_one", [127.5, 127.5, 127.5], [127.5, 127.5, 127.5]],
      [{ mean: [0.1, 0.2, 0.3], deviation: [1, 2, 4] }, [25.5, 51, 76.5], [255, 510, 1020]],
    ] as const;
    for (const [images, mean, scale] of scalings) {
      const { model } = await jobs.modelOf(
        await jobs.trainOn(dataset, {
          ...{ task, model: { type: "softmax" }, training: { epochs: 2 } },
          preprocessing: {
            images: typeof images === "string" ? images : { mean: [...images.mean], deviation: [...images.deviation] },
          },
        }),
      );
      expect(model.preprocessing.inputs).toBe(side * side * 3);
      const [transform] = model.preprocessing.features;
      if (transform?.type !== "image") throw new Error("the feature is an image");
      for (const [c, value] of mean.entries()) expect(transform.mean[c]).toBeCloseTo(value, 10);
      expect(transform.scale).toEqual(scale);
    }
  });
});
