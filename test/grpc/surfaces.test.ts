import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { errorCatalogue } from "../../src/domain/errors.ts";
import { descriptorSet } from "../../src/grpc/generated/descriptor-set.ts";
import { services } from "../../src/grpc/server.ts";
import { restRoutes } from "../../src/rest/routes/routes.ts";
import { operations } from "../../src/usecases/admission/operations.ts";

const names = Object.keys(operations).sort();

const rpcs = Object.values(services).flatMap((service) =>
  Object.entries(service).map(([name, method]) => ({ name, ...method })),
);

describe("the two surfaces", () => {
  it("offer the same operations: those of the table, each once", () => {
    expect(restRoutes.flatMap(({ operations: some }) => some).sort()).toEqual(names);
    expect(rpcs.map(({ name }) => name).sort()).toEqual(names);
  });

  it("stream where the table says so", () => {
    for (const { name, requestStream, responseStream } of rpcs) {
      const kind = requestStream ? "upload" : responseStream ? "stream" : "unary";
      expect([name, kind]).toEqual([name, operations[name as keyof typeof operations].kind]);
    }
    for (const {
      operations: [first],
      upload,
    } of restRoutes) {
      expect([first, upload === true]).toEqual([first, operations[first].kind === "upload"]);
    }
  });

  it("have routes whose operations share a scope, so that one check admits them", () => {
    for (const {
      operations: [first, ...others],
    } of restRoutes) {
      for (const other of others) expect(operations[other].scope).toBe(operations[first].scope);
    }
  });

  it("are what the descriptor set describes, which reflection serves", () => {
    const text = Buffer.from(descriptorSet, "base64").toString("latin1");
    for (const { path } of rpcs) {
      const [service = "", method = ""] = path.split("/").slice(1);
      expect(text).toContain(service.split(".").at(-1));
      expect(text).toContain(method);
    }
  });
});

describe("the error catalogue", () => {
  it("is the documented one, row by row", () => {
    const document = readFileSync(new URL("../../src/web/docs/errors.md", import.meta.url), "utf8");
    const rows = [...document.matchAll(/^\| `(\w+)` \| (\d+) \| (\w+) \| (.*?) \|/gm)].map(
      ([, code, http, grpc, title]) => [code, { http: Number(http), grpc, title }],
    );
    expect(Object.fromEntries(rows)).toEqual(errorCatalogue);
  });
});
