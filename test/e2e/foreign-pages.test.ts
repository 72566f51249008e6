import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createSocketServer } from "node:net";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browserFlags, browserPath, requireBrowser } from "./browser.ts";
import { createRestClient } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

requireBrowser();

const evil = "evil.example";

/** The page of another site, on any port, or on one that it had before. */
const servePage = async (port = 0): Promise<Server> => {
  const server = createServer((_, response) =>
    response.writeHead(200, { "content-type": "text/html", connection: "close" }).end("<h1>another site</h1>"),
  );
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return server;
};
const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

describe.skipIf(browserPath === undefined)("without API keys, a page of another site in a real browser", () => {
  let service: Service;
  let browser: Browser;
  let dataDir: string;
  let job: string;
  beforeAll(async () => {
    dataDir = await createDataDir();
    service = await startService(dataDir, { WORKERS: "0" });
    const client = createRestClient(service.url);
    const dataset = (await client.upload("x", `x,y\n${"1,a\n2,b\n".repeat(20)}`)).id;
    job = (await client.submit({ dataset, task: { type: "classification", label: "y" } })).id;
    // The name of the other site leads to this machine, as its owner can make it.
    const args = [...browserFlags, `--host-resolver-rules=MAP ${evil} 127.0.0.1`];
    browser = await chromium.launch({ executablePath: browserPath ?? "", args });
  });
  afterAll(async () => {
    await browser?.close();
    await service?.stop();
    await removeDataDir(dataDir);
  });

  const stateOfJob = async () => (await createRestClient(service.url).job(job)).state;
  /** What the page's script gets for an answer. */
  const ask = (page: Page, url: string, init: RequestInit = {}): Promise<string> =>
    page.evaluate<string>(
      `fetch(${JSON.stringify(url)}, ${JSON.stringify(init)}).then(async (answer) => answer.status + " " + (await answer.text()), (error) => "failed: " + error)`,
    );

  test("is refused under its own name, from the first request on", async () => {
    const page = await browser.newPage();
    const answer = await page.goto(`http://${evil}:${new URL(service.url).port}/`);
    expect(answer?.status()).toBe(403);
    expect(await answer?.text()).toContain("foreign_origin");
    await page.close();
  });

  test("reads and changes nothing once its own address has become the service's", async () => {
    const server = await servePage();
    const port = portOf(server);
    const page = await browser.newPage();
    await page.goto(`http://${evil}:${port}/`);
    await page.getByText("another site").waitFor();
    await new Promise((resolve) => server.close(resolve));
    // For the browser nothing has changed: the same origin, and what answers there now is the service.
    const { hostname, port: servicePort } = new URL(service.url);
    const rebound = createSocketServer((client) => {
      const upstream = connect({ host: hostname, port: Number(servicePort) });
      for (const socket of [client, upstream]) socket.on("error", () => undefined);
      client.pipe(upstream).pipe(client);
    });
    await new Promise<void>((resolve) => rebound.listen(port, "127.0.0.1", resolve));
    for (const path of ["/v1/jobs", "/v1/datasets", "/openapi.json"])
      expect(await ask(page, path)).toMatch(/^403 .*foreign_origin/);
    const headers = { "content-type": "application/json" };
    for (const action of ["cancel", "pause"])
      expect(await ask(page, `/v1/jobs/${job}/${action}`, { method: "POST", headers, body: "{}" })).toMatch(/^403 /);
    expect(await stateOfJob()).toBe("queued");
    await page.close();
    rebound.close();
  });

  test("changes nothing by requests and forms across sites", async () => {
    const server = await servePage();
    const page = await browser.newPage();
    await page.goto(`http://${evil}:${portOf(server)}/`);
    const url = `${service.url}/v1/jobs/${job}/cancel`;
    expect(await ask(page, url, { method: "POST" })).toMatch(/^failed/);
    await ask(page, url, { method: "POST", mode: "no-cors" });
    await page.evaluate<void>(
      `(() => { const form = document.createElement("form"); form.method = "post"; form.action = ${JSON.stringify(url)}; document.body.append(form); form.submit(); })()`,
    );
    await page.getByText("foreign_origin").waitFor();
    expect(await stateOfJob()).toBe("queued");
    await page.close();
    server.closeAllConnections();
    server.close();
  });
});
