import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import { encodeDatasets } from "../../src/grpc/dataset-messages.ts";
import { encodeStruct } from "../../src/grpc/encoded.ts";
import { ListDatasetsResponse } from "../../src/grpc/generated/descent/v1/datasets.ts";
import { Struct } from "../../src/grpc/generated/google/protobuf/struct.ts";

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const widest: Dataset = {
  id: "ds_1" as Dataset["id"],
  name: "widest",
  format: "csv",
  ...{ bytes: 1, sha256: "00", rows: 2, createdAt: "2026-01-01T00:00:00.000Z" },
  columns: Array.from({ length: 16_384 }, (_, i) => ({
    ...{ name: `gene_${i}`, type: "number" as const, missing: 0, distinct: 2, minimum: i, maximum: i + 1 },
    categories: [{ value: `${i}`, count: 1 }],
  })),
};

describe("a message that is written in parts", () => {
  it("is the message: a Struct with lists, nulls and names of any kind", async () => {
    const value = {
      ...{ features: [{ a: 1, b: [true, null, "x"] }, [], 7, "y"], empty: [], none: null, text: "é", deep: { a: [1] } },
      ["__proto__"]: 5,
    };
    expect(plain(Struct.decode(await encodeStruct(value)).fields)).toEqual(plain(value));
  });

  it("is the message: a page of data sets", async () => {
    const { bytes } = await encodeDatasets({ items: [widest, widest], nextPageToken: "next" });
    const { items, nextPageToken } = ListDatasetsResponse.decode(bytes);
    expect(nextPageToken).toBe("next");
    expect(items.map(({ id, createdAt }) => [id, createdAt])).toEqual(Array(2).fill([widest.id, widest.createdAt]));
    const columns = widest.columns.map((column) => ({ ...column, type: 1, notes: [] }));
    expect(plain(items[1]!.columns)).toEqual(columns);
  });

  it("lets the event loop turn meanwhile", async () => {
    let turns = 0;
    let over = false;
    const others = (async () => {
      for (; !over; turns++) await setImmediate();
    })();
    await encodeDatasets({ items: Array(8).fill(widest), nextPageToken: null });
    over = true;
    await others;
    expect(turns).toBeGreaterThan(2);
  });
});
