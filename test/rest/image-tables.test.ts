import { gzipSync } from "node:zlib";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import type { Problem } from "../../src/domain/errors.ts";
import { buildTar, buildZip, type Packed } from "../formats/archives/build-archives.ts";
import { idxImages, idxLabels } from "../formats/images/build-idx.ts";
import { startTestService, type TestService } from "../usecases/service.ts";

let service: TestService;
const pictures: Packed[] = [];
beforeAll(async () => {
  service = await startTestService();
  // Each of a grey of its own, so that it is seen which one a row has.
  for (let i = 0; i < 5; i++) {
    const background = { r: 50 * i, g: 50 * i, b: 50 * i };
    const content = await sharp({ create: { width: 9, height: 8, channels: 3, background } })
      .png()
      .toBuffer();
    pictures.push({ path: `photos/${i}.png`, content });
  }
});
afterAll(() => service.close());

const upload = async (body: Uint8Array, type: string, query = "") => {
  const answer = await fetch(`${service.url}/v1/datasets?${query}`, {
    ...{ method: "POST", headers: { "content-type": type }, body: new Uint8Array(body) },
  });
  return { status: answer.status, body: (await answer.json()) as Dataset & Problem };
};
const uploadZip = (files: readonly Packed[], query = "size=8") => upload(buildZip(files), "application/zip", query);
const table = (text: string, path = "photos/table.csv"): Packed => ({ path, content: Buffer.from(text) });
const used = () => service.deps.artifacts.usedBytes("default/");

const rowsOf = async (id: string): Promise<Record<string, unknown>[]> => {
  const answer = await fetch(`${service.url}/v1/datasets/${id}/rows`);
  const { rows } = (await answer.json()) as { rows: Record<string, unknown>[] };
  return Promise.all(
    rows.map(async ({ image, ...cells }) => {
      const { data, info } = await sharp(Buffer.from(String(image), "base64"))
        .raw()
        .toBuffer({ resolveWithObject: true });
      return { ...cells, grey: data[0], size: `${info.width}×${info.height}` };
    }),
  );
};

describe("an archive with a CSV file of paths", () => {
  const text = `id,file_name,weight,label
b2,3.png,"1,5",rose
a1,photos/0.png,"-2",tulip
c3,./4.png,,"a ""wild"" rose"
`;

  test("is a data set of the table's rows, in its order, whatever archive it comes in", async () => {
    const query = `size=8&decimal=,&types=${encodeURIComponent('{"id":"category"}')}`;
    const files = [...pictures, table(text)];
    const archives = [
      ["application/zip", buildZip(files)],
      ["application/x-tar", buildTar(files)],
      ["application/gzip", gzipSync(buildTar([table(text), ...pictures.slice().reverse()]))],
    ] as const;
    const digests = new Set<string>();
    for (const [type, archive] of archives) {
      const { status, body } = await upload(archive, type, query);
      expect(status).toBe(201);
      expect(body).toMatchObject({
        rows: 3,
        columns: [
          { name: "id", type: "category", distinct: 3 },
          { name: "weight", type: "number", missing: 1, minimum: -2, maximum: 1.5, minimumLine: 3 },
          { name: "label", type: "category", distinct: 3 },
          { name: "image", type: "image", image: { height: 8, width: 8, channels: 3 } },
        ],
      });
      const reason = 'no line of "photos/table.csv" names it';
      expect(body.images?.listed.map(({ path }) => path).sort()).toEqual(["photos/1.png", "photos/2.png"]);
      expect(body.images?.listed[0]?.reason).toBe(reason);
      digests.add(body.sha256);
      expect(await rowsOf(body.id)).toEqual([
        { id: "b2", weight: 1.5, label: "rose", grey: 150, size: "8×8" },
        { id: "a1", weight: -2, label: "tulip", grey: 0, size: "8×8" },
        { id: "c3", weight: null, label: 'a "wild" rose', grey: 200, size: "8×8" },
      ]);
      const left = await service.deps.artifacts.list(`default/datasets/${body.id}/`);
      expect(left.map((key) => key.split("/").at(-1))).toEqual(["data.images", "data.index", "manifest.json"]);
    }
    expect(digests.size).toBe(1);
  });

  test("leaves out, or refuses, rows whose picture is broken and pictures without a row", async () => {
    const broken = { path: "photos/1.png", content: Buffer.from("no picture") };
    const files = [...pictures.filter(({ path }) => path !== broken.path), broken];
    const lines = table("path,label\n1.png,a\n2.png,b\n0.png,c\n3.png,d\n4.png,e\n");
    const { body } = await uploadZip([...files, lines]);
    expect(body).toMatchObject({ rows: 4, images: { broken: 1, listed: [{ path: "photos/1.png" }] } });
    expect((await rowsOf(body.id)).map(({ label }) => label)).toEqual(["b", "c", "d", "e"]);
    const refused = await uploadZip([...pictures, table("path,label\n1.png,a\n")], "size=8&onBroken=refuse");
    expect(refused).toMatchObject({
      status: 422,
      body: { detail: expect.stringMatching(/photos\/0.png.*no line of/) },
    });
  });

  test.each([
    [
      "a path that is not in the archive",
      "path,label\n1.png,a\n9.png,b\n",
      /photos\/table.csv", line 3, column 1.*no file "9.png"/,
    ],
    ["a path that leads out", "path,label\n../../x.png,a\n", /line 2.*leads out/],
    ["an absolute path", "path,label\n/photos/1.png,a\n", /line 2.*leads out/],
    ["a path twice", "label,path\na,1.png\nb,2.png\nc,photos/1.png\n", /line 4, column 2.*stood in line 2 already/],
    ["a missing path", "path,label\n,a\n", /line 2.*path is missing/],
    ["no column of paths", "picture,label\n1.png,a\n", /line 1: none of the columns "picture", "label"/],
    ["a second image", "path,image\n1.png,a\n", /line 1, column 2.*another name/],
    ["a ragged row", "path,label\n1.png\n", /photos\/table.csv", line 2/],
  ])("with %s is refused with file and line", async (_, text, detail) => {
    const before = await used();
    const { status, body } = await uploadZip([...pictures, table(text)]);
    expect([status, body.code]).toEqual([400, "invalid_csv"]);
    expect(body.detail).toMatch(detail);
    expect(body.errors[0]?.pointer).toMatch(/^\/line\/\d/);
    expect(await used()).toBe(before);
  });

  test("has one table, and parameters of tables only if it has one", async () => {
    const two = await uploadZip([...pictures, table("path\n1.png\n"), table("path\n1.png\n", "b.csv")]);
    expect(two).toMatchObject({ status: 400, body: { detail: expect.stringMatching(/table.csv" and "b.csv"; keep/) } });
    const none = await uploadZip(pictures, "delimiter=;");
    expect(none).toMatchObject({ status: 422, body: { errors: [{ pointer: "/query/delimiter" }] } });
  });
});

describe("an archive of IDX files", () => {
  const set = (name: string, count: number, first = 0): Packed[] => [
    { path: `${name}-images-idx3-ubyte.gz`, content: gzipSync(idxImages(count, 3, 4, first)) },
    { path: `${name}-labels-idx1-ubyte`, content: idxLabels(count, first) },
  ];

  test("is a data set of its images as they are, with the sets' names where there are several", async () => {
    const files = [...set("t10k", 2, 7), ...set("train", 3)];
    const digests = new Set<string>();
    for (const archive of [buildZip(files), buildZip(files.slice().reverse())]) {
      const { status, body } = await upload(archive, "application/zip", "name=digits");
      expect(status).toBe(201);
      expect(body).toMatchObject({
        ...{ rows: 5, images: { shorterSide: 3, broken: 0 } },
        columns: [
          { name: "label", type: "category" },
          {
            name: "split",
            categories: [
              { value: "train", count: 3 },
              { value: "t10k", count: 2 },
            ],
          },
          { name: "image", type: "image", image: { height: 3, width: 4, channels: 1 } },
        ],
      });
      digests.add(body.sha256);
      expect(await rowsOf(body.id)).toEqual(
        [
          ["0", "train", 0],
          ["1", "train", 1],
          ["2", "train", 2],
          ["7", "t10k", 7],
          ["8", "t10k", 8],
        ].map(([label, split, grey]) => ({ label, split, grey, size: "4×3" })),
      );
    }
    expect(digests.size).toBe(1);
    const alone = await uploadZip(set("train", 3), "size=6&channels=3");
    expect(alone.body.columns).toMatchObject([{ name: "label" }, { name: "image", image: { height: 6, channels: 3 } }]);
  });

  test.each([
    ["without labels", set("train", 3).slice(0, 1), /the set "train" has .* no file of labels-idx1/],
    ["with fewer labels", [set("train", 3)[0]!, set("train", 2)[1]!], /states 3 images, and .* 2 labels/],
    [
      "cut short",
      [{ ...set("train", 3)[1]!, content: idxLabels(3).subarray(0, 9) }, set("train", 3)[0]!],
      /ends early: it states 3 labels/,
    ],
    [
      "of too many labels",
      [{ ...set("train", 3)[1]!, content: Buffer.from([0, 0, 8, 1, 255, 255, 255, 255]) }, set("train", 3)[0]!],
      /at most 4000000/,
    ],
    [
      "of two sizes",
      [
        ...set("train", 3),
        { path: "b-images-idx3-ubyte", content: idxImages(1, 9, 9) },
        { path: "b-labels-idx1-ubyte", content: idxLabels(1) },
      ],
      /9 × 9, and those before it of 3 × 4/,
    ],
    [
      "of floats",
      [
        { path: "images-idx3-ubyte", content: Buffer.from([0, 0, 13, 3]) },
        { path: "labels-idx1-ubyte", content: idxLabels(1) },
      ],
      /32-bit floats/,
    ],
    [
      "of huge pictures",
      [
        {
          path: "images-idx3-ubyte",
          content: Buffer.from([0, 0, 8, 3, 0, 0, 0, 1, 255, 255, 255, 255, 255, 255, 255, 255]),
        },
        { path: "labels-idx1-ubyte", content: idxLabels(1) },
      ],
      /sides of 1 to 1024/,
    ],
  ])("%s is refused with the file's name", async (_, files, detail) => {
    const before = await used();
    const { status, body } = await uploadZip(files);
    expect(status).toBe(400);
    expect(body.detail).toMatch(detail);
    expect(await used()).toBe(before);
  });
});
