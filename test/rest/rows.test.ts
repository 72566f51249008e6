import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Problem } from "../../src/domain/errors.ts";
import { buildZip } from "../formats/archives/build-archives.ts";
import { ask, type Clients, connectClients } from "../grpc/clients.ts";
import { startTestService, type TestService } from "../usecases/service.ts";

let service: TestService;
let clients: Clients;
beforeAll(async () => {
  service = await startTestService();
  clients = connectClients(service.grpcAddress);
});
afterAll(async () => {
  clients.close();
  await service.close();
});

const upload = async (body: Uint8Array | string, type: string, query = ""): Promise<string> => {
  const answer = await fetch(`${service.url}/v1/datasets?${query}`, {
    ...{ method: "POST", headers: { "content-type": type } },
    body: typeof body === "string" ? body : new Uint8Array(body),
  });
  expect(answer.status).toBe(201);
  return ((await answer.json()) as { id: string }).id;
};

interface Rows extends Problem {
  rows: Record<string, unknown>[];
  nextPageToken: string | null;
}
const pageOf = async (id: string, query: string): Promise<Rows> =>
  (await (await fetch(`${service.url}/v1/datasets/${id}/rows?${query}`)).json()) as Rows;

/** All rows, page by page, and how many each page had. */
const allRows = async (id: string, query: string) => {
  const rows: Record<string, unknown>[] = [];
  const sizes: number[] = [];
  for (let token: string | null = ""; token !== null; ) {
    const page: Rows = await pageOf(id, `${query}&pageToken=${token}`);
    rows.push(...page.rows);
    sizes.push(page.rows.length);
    token = page.nextPageToken;
  }
  return { rows, sizes };
};

/** Ten pictures of 40 × 20, each of its own grey, under labels of several lengths. */
const pictures = async () =>
  Promise.all(
    Array.from({ length: 10 }, async (_, i) => ({
      path: `${"x".repeat(1 + (i % 4))}/${i}.png`,
      content: await sharp({ create: { width: 40, height: 20, channels: 3, background: { r: i, g: i, b: i } } })
        .png()
        .toBuffer(),
    })),
  );

describe("rows come in pages", () => {
  test("of a table, with a mark at its beginning, line ends of two kinds and text beyond ASCII", async () => {
    const lines = Array.from(
      { length: 23 },
      (_, i) => `${i},${i % 3 === 0 ? `"é\n${i}"` : "ü"}${i % 2 ? "\r\n" : "\n"}`,
    );
    const id = await upload(`\ufeffn,text\n${lines.join("")}\n`, "text/csv");
    const { rows, sizes } = await allRows(id, "limit=5");
    expect(sizes).toEqual([5, 5, 5, 5, 3]);
    expect(rows).toEqual(Array.from({ length: 23 }, (_, i) => ({ n: i, text: i % 3 === 0 ? `é\n${i}` : "ü" })));
    expect(rows).toEqual((await pageOf(id, "limit=1000")).rows);
  });

  test("of a data set of images, also over gRPC, as they are or smaller", async () => {
    const id = await upload(buildZip(await pictures()), "application/zip", "size=20");
    const { rows, sizes } = await allRows(id, "limit=4&imageSide=5");
    expect(sizes).toEqual([4, 4, 2]);
    expect(rows.map(({ label }) => label)).toEqual(Array.from({ length: 10 }, (_, i) => "x".repeat(1 + (i % 4))));
    const shown = await Promise.all(
      rows.map(({ image }) =>
        sharp(Buffer.from(String(image), "base64"))
          .raw()
          .toBuffer({ resolveWithObject: true }),
      ),
    );
    expect(shown.map(({ data, info }) => [info.width, info.height, data[0]])).toEqual(
      Array.from({ length: 10 }, (_, i) => [5, 5, i]),
    );
    const { datasets } = clients;
    const first = await ask(datasets, datasets.listDatasetRows, { id, limit: 9 });
    const second = await ask(datasets, datasets.listDatasetRows, { id, pageToken: first.nextPageToken });
    expect([first.rows.length, second.rows.length, second.nextPageToken]).toEqual([9, 1, undefined]);
  });

  test("and a token that is made up, or another data set's, is refused", async () => {
    const [one, two] = [await upload("a,b\n1,2\n3,4\n", "text/csv"), await upload("a,b\n1,2\n3,5\n", "text/csv")];
    const { nextPageToken } = await pageOf(one, "limit=1");
    const [offset, digest] = Buffer.from(nextPageToken ?? "", "base64url")
      .toString()
      .split("/");
    expect(offset).toBe("8");
    const inside = Buffer.from(`5/${digest}`);
    for (const [id, token] of [
      [two, nextPageToken],
      [one, "abc"],
      [one, inside.toString("base64url")],
    ] as const)
      expect(await pageOf(id, `pageToken=${token}`)).toMatchObject({ errors: [{ pointer: "/query/pageToken" }] });
  });
});

describe("the image of a row", () => {
  test("is a PNG file, found by the row's number, with or without the list of where rows begin", async () => {
    const id = await upload(buildZip(await pictures()), "application/zip", "size=20");
    const seen = async () => {
      const greys: unknown[] = [];
      for (const row of [9, 0, 4]) {
        const response = await fetch(`${service.url}/v1/datasets/${id}/rows/${row}/image`);
        expect([response.status, response.headers.get("content-type")]).toEqual([200, "image/png"]);
        const file = Buffer.from(await response.arrayBuffer());
        const { png } = await ask(clients.datasets, clients.datasets.getDatasetImage, { id, row });
        expect(Buffer.from(png).equals(file)).toBe(true);
        const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
        greys.push([info.width, info.height, data[0]]);
      }
      return greys;
    };
    const wanted = [9, 0, 4].map((grey) => [20, 20, grey]);
    expect(await seen()).toEqual(wanted);
    await service.deps.artifacts.remove(`default/datasets/${id}/data.index`);
    expect(await seen()).toEqual(wanted);
  });

  test("is not found where there is no such row, or no image", async () => {
    const id = await upload(buildZip(await pictures()), "application/zip", "size=20");
    const table = await upload("a,b\n1,2\n3,4\n", "text/csv");
    for (const [dataset, row, detail] of [
      [id, "10", /from 0 to 9/],
      [id, "x", /from 0 to 9/],
      [id, "-1", /from 0 to 9/],
      [table, "0", /is a table/],
    ] as const) {
      const response = await fetch(`${service.url}/v1/datasets/${dataset}/rows/${row}/image`);
      expect([response.status, await response.json()]).toMatchObject([404, { detail: expect.stringMatching(detail) }]);
    }
  });
});
