import { gzipSync } from "node:zlib";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildTar, buildZip } from "../formats/archives/build-archives.ts";
import { startTestService, type TestService } from "../usecases/service.ts";

describe("uploading images over REST", () => {
  let service: TestService;
  let picture: Buffer;
  beforeAll(async () => {
    service = await startTestService();
    picture = await sharp({ create: { width: 30, height: 20, channels: 3, background: "#c08040" } })
      .jpeg()
      .toBuffer();
  });
  afterAll(() => service.close());

  const files = () => [
    { path: "flowers/rose/1.jpg", content: picture },
    { path: "flowers/tulip/1.jpg", content: picture },
    { path: "flowers/tulip/2.jpg", content: picture.subarray(0, 100) },
  ];
  const upload = async (query: string, type: string, body: Buffer) => {
    const answer = await fetch(`${service.url}/v1/datasets?${query}`, {
      ...{ method: "POST", headers: { "content-type": type }, body: new Uint8Array(body) },
    });
    return { status: answer.status, body: (await answer.json()) as { id: string; sha256: string } };
  };

  test("a zip, a tar and a tar.gz are the same data set, with its broken files listed, and nothing else is left", async () => {
    const digests = new Set<string>();
    const archives = [
      ["application/zip", buildZip(files())],
      ["application/x-tar", buildTar(files())],
      ["application/gzip", gzipSync(buildTar(files()))],
    ] as const;
    for (const [type, archive] of archives) {
      const { status, body } = await upload("name=flowers&shorterSide=10&size=8", type, archive);
      expect(status).toBe(201);
      expect(body).toMatchObject({
        ...{ format: "images", name: "flowers", rows: 2 },
        images: { shorterSide: 10, broken: 1, listed: [{ path: "flowers/tulip/2.jpg" }] },
        columns: [
          {
            name: "label",
            categories: [
              { value: "rose", count: 1 },
              { value: "tulip", count: 1 },
            ],
          },
          { name: "image", type: "image", image: { height: 8, width: 8, channels: 3 } },
        ],
      });
      digests.add(body.sha256);
      expect(await service.deps.artifacts.list(`default/datasets/${body.id}/`)).toEqual([
        `default/datasets/${body.id}/data.images`,
        `default/datasets/${body.id}/data.index`,
        `default/datasets/${body.id}/manifest.json`,
      ]);
      const answer = await fetch(`${service.url}/v1/datasets/${body.id}/rows?limit=1`);
      const rows = (await answer.json()) as { rows: { image: string }[] };
      const shown = await sharp(Buffer.from(rows.rows[0]?.image ?? "", "base64")).metadata();
      expect(shown).toMatchObject({ format: "png", width: 8, height: 8 });
    }
    expect(digests.size).toBe(1);
  });

  test("a refused upload names what is wrong and leaves nothing", async () => {
    const zip = buildZip(files());
    const refused = await upload("onBroken=refuse", "application/zip", zip);
    expect(refused).toMatchObject({
      status: 422,
      body: { code: "unprocessable", detail: expect.stringContaining("tulip/2.jpg") },
    });
    const half = await upload("", "application/zip", zip.subarray(0, zip.length - 30));
    expect(half).toMatchObject({ status: 400, body: { code: "malformed" } });
    const escaping = await upload("", "application/zip", buildZip([{ path: "../../x/1.jpg", content: picture }]));
    expect(escaping).toMatchObject({
      status: 400,
      body: { detail: expect.stringMatching(/leads out of it|relative path/) },
    });
    const size = await upload("shorterSide=8&size=10", "application/zip", zip);
    expect(size).toMatchObject({ status: 422, body: { errors: [{ pointer: "/query/size" }] } });
    const table = await upload("size=10", "text/csv", Buffer.from("a,b\n1,2\n"));
    expect(table).toMatchObject({ status: 422, body: { errors: [{ pointer: "/query/size" }] } });
    const answer = await fetch(`${service.url}/v1/datasets?pageSize=100`);
    const listed = (await answer.json()) as { items: { id: string }[] };
    const left = await service.deps.artifacts.list("default/datasets/");
    const known = listed.items.map(({ id }) => id);
    expect(left.filter((key) => !known.some((id) => key.includes(id)))).toEqual([]);
  });
});
