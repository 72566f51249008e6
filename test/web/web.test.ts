import { fastify } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resolveNames } from "../../src/web/assets.ts";
import { registerWeb } from "../../src/web/web.ts";

const createApp = async () => {
  const app = fastify();
  await registerWeb(app);
  return app;
};

let app: Awaited<ReturnType<typeof createApp>>;
beforeAll(async () => {
  app = await createApp();
});
afterAll(() => app.close());

/** As a browser takes them on the page at this URL. */
const linksOf = (html: string, page = "/"): string[] =>
  [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => new URL(url ?? "", `http://x${page}`).pathname);
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
    // Below another path they lead there, not to the root of the server.
    expect(linksOf(page.body, "/ml/").every((url) => url.startsWith("/ml/assets/"))).toBe(true);
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
        "/assets/web/page/jobs/job-view.js",
        "/assets/vendor/preact.js",
        "/assets/vendor/uplot.js",
      ]),
    );
  });

  test("the documents lead to each other below another path too", async () => {
    for (const path of ["/docs", "/docs/", "/docs/tables"]) {
      const { statusCode, body } = await app.inject(path);
      expect(statusCode).toBe(200);
      expect(body).not.toMatch(/\s(?:href|src)="\/(?!\/)/);
      const links = linksOf(body, `/ml${path}`).filter((url) => !url.startsWith(`/ml${path}#`));
      expect(links).toEqual(
        expect.arrayContaining(["/ml/", "/ml/docs", "/ml/docs/configuration", "/ml/assets/tokens.css"]),
      );
    }
  });

  test("every link of every document leads to a page, and to its section", async () => {
    const urls = linksOf((await app.inject("/docs")).body).filter((url) => url.startsWith("/docs"));
    // Of other parts of the service.
    const known = new Set(["/", "/docs/api/", "/docs/api", "/openapi.json"]);
    const bodies = new Map<string, string>();
    const read = async (url: string): Promise<string> => {
      const seen = bodies.get(url);
      if (seen !== undefined) return seen;
      const { statusCode, body } = await app.inject(url);
      bodies.set(url, statusCode === 200 ? body : "");
      return bodies.get(url) ?? "";
    };
    const dead: string[] = [];
    for (const page of new Set(urls.filter((url) => !known.has(url)))) {
      for (const [, href = ""] of (await read(page)).matchAll(/href="([^"]+)"/g)) {
        const { host, pathname, hash } = new URL(href, `http://x${page}`);
        if (host !== "x" || known.has(pathname)) continue;
        const body = await read(pathname);
        const leads = hash === "" ? body !== "" : body.includes(`id="${decodeURIComponent(hash.slice(1))}"`);
        if (!leads) dead.push(`${page}: ${href}`);
      }
    }
    expect(bodies.size).toBeGreaterThan(30);
    expect(dead).toEqual([]);
  });

  test("one file of the styles names colours, and the others take them from it", async () => {
    for (const name of ["style", "charts", "views", "documents", "reference"]) {
      const { statusCode, body } = await app.inject(`/assets/${name}.css`);
      expect(statusCode, name).toBe(200);
      expect(body, name).not.toMatch(/#[0-9a-f]{3,8}\b|\brgba?\(|\bhsla?\(|font-size: \d/i);
    }
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
    const from = "/assets/web/page/jobs/job-view.js";
    expect(resolveNames(from, 'import { h } from "preact";')).toBe('import { h } from "../../../vendor/preact.js";');
    expect(resolveNames("/assets/vendor/preact-hooks.js", 'import{options as n}from"preact";')).toBe(
      'import{options as n}from"./preact.js";',
    );
  });

  test("relative ones stay, and an unknown one is found when the service starts, not in the browser", () => {
    expect(resolveNames("/assets/web/page/main.js", 'import { api } from "./api.js";')).toBe(
      'import { api } from "./api.js";',
    );
    expect(() => resolveNames("/assets/web/page/main.js", 'import x from "left-pad";')).toThrow("not left-pad");
  });
});
