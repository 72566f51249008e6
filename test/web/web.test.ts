import { fastify } from "fastify";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { resolveNames } from "../../src/web/assets.ts";
import { registerWeb } from "../../src/web/web.ts";

const createApp = async () => {
  const app = fastify();
  await registerWeb(app);
  return app;
};

let app: Awaited<ReturnType<typeof createApp>>;
beforeEach(async () => {
  app = await createApp();
});
afterEach(() => app.close());

const linksOf = (html: string): string[] => [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url ?? "");
const importsOf = (code: string): string[] =>
  [...code.matchAll(/\bfrom\s*"([./][^"\s]*)"/g)].map(([, name]) => name ?? "");

describe("the status page", () => {
  test("allows only this server, and has nothing that this would block", async () => {
    const page = await app.inject("/");
    expect(page.statusCode).toBe(200);
    expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(page.headers["content-security-policy"]).toMatch(/^default-src 'self';.*script-src 'self';/);
    expect(page.headers["content-security-policy"]).not.toContain("unsafe");
    expect(page.body).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=/);
    expect(linksOf(page.body).every((url) => url.startsWith("/assets/"))).toBe(true);
  });

  test("everything that it loads, directly or not, is served", async () => {
    const seen = new Set<string>();
    const follow = async (url: string): Promise<void> => {
      if (seen.has(url)) return;
      seen.add(url);
      const { statusCode, body } = await app.inject(url);
      expect(statusCode, url).toBe(200);
      if (!url.endsWith(".js")) return;
      for (const name of importsOf(body)) await follow(new URL(name, `http://x${url}`).pathname);
    };
    for (const url of linksOf((await app.inject("/")).body)) await follow(url);
    expect([...seen]).toEqual(
      expect.arrayContaining([
        "/assets/web/page/views/job-view.js",
        "/assets/vendor/preact.js",
        "/assets/vendor/uplot.js",
      ]),
    );
  });

  test("everything is asked for again, so that a change is seen at once, with the ETag by which the server may say that there is none", async () => {
    const { headers } = await app.inject("/assets/style.css");
    expect(headers["cache-control"]).toBe("no-cache");
    expect(headers.etag).toMatch(/^"[\w-]{22}"$/);
  });

  test("files beside it cannot be reached through it", async () => {
    for (const url of [
      "/assets/../web.ts",
      "/assets/%2e%2e/web.ts",
      "/assets/web/page/..%2f..%2fweb.js",
      "/assets/",
      "/assets",
    ]) {
      expect((await app.inject(url)).statusCode, url).toBe(404);
    }
  });
});

describe("names of libraries in the page's modules", () => {
  test("become URLs, minified or not", () => {
    expect(resolveNames('import { h } from "preact";')).toBe('import { h } from "/assets/vendor/preact.js";');
    expect(resolveNames('import{options as n}from"preact";')).toBe(
      'import{options as n}from"/assets/vendor/preact.js";',
    );
  });

  test("relative ones stay, and an unknown one is found when the service starts, not in the browser", () => {
    expect(resolveNames('import { api } from "./api.js";')).toBe('import { api } from "./api.js";');
    expect(() => resolveNames('import x from "left-pad";')).toThrow("not left-pad");
  });
});
