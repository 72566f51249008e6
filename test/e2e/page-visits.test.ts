import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { browserFlags, browserPath, requireBrowser } from "./browser.ts";
import { createRestClient, dataFile } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

requireBrowser();

/** Every view of the page, and the docs: where it is, and what shows that it is there. */
const views: [name: string, path: (ids: { job: string; dataset: string; model: string }) => string, shown: string][] = [
  ["jobs", () => "/", "table a:has-text('visited')"],
  ["a job", ({ job }) => `/#/jobs/${job}`, "h1:has-text('visited')"],
  ["a new job", () => "/#/new", "h1:has-text('New job')"],
  ["a new job of a data set", ({ dataset }) => `/#/new/${dataset}`, "label:has-text('Predict the column')"],
  ["data sets", () => "/#/datasets", "table a:has-text('flowers')"],
  ["a data set", ({ dataset }) => `/#/datasets/${dataset}`, "h1:has-text('flowers')"],
  ["models", () => "/#/models", "table a:has-text('visited')"],
  ["a model", ({ model }) => `/#/models/${model}`, "h1:has-text('visited')"],
  ["the API reference", () => "/docs/api/", ".opblock-summary-path:has-text('/v1/jobs')"],
  ["the documents", () => "/docs", "h1:has-text('Documents')"],
  ["a document", () => "/docs/configuration", "h1:has-text('Configuration')"],
];

describe.skipIf(browserPath === undefined)("every view in a real browser, whose cache has seen it before", () => {
  let service: Service;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let dataDir: string;
  let faults: string[];
  const ids = { job: "", dataset: "", model: "" };

  beforeAll(async () => {
    dataDir = await createDataDir();
    service = await startService(dataDir);
    browser = await chromium.launch({ executablePath: browserPath ?? "", args: browserFlags });
    const client = createRestClient(service.url);
    ids.dataset = (await client.upload("flowers", await dataFile("iris"))).id;
    const task = { type: "classification", label: "species" } as const;
    const job = await client.submit({ name: "visited", dataset: ids.dataset, task, training: { epochs: 3 } });
    ids.job = job.id;
    ids.model = (await client.untilDone(job.id)).model ?? "";
  });
  afterAll(async () => {
    await browser?.close();
    await service?.stop();
    await removeDataDir(dataDir);
  });
  beforeEach(async () => {
    faults = [];
    context = await browser.newContext();
    page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on("pageerror", (error) => faults.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") faults.push(message.text());
    });
  });
  afterEach(async () => {
    await context.close();
    expect(faults).toEqual([]);
  });

  test.each(views)(
    "%s: first visit, reload, second visit, back and forward, another tab",
    async (_name, path, shown) => {
      const url = `${service.url}${path(ids)}`;
      const away = `${service.url}/healthz`;
      const isShown = () => page.locator(shown).first().waitFor();
      await page.goto(url);
      await isShown();
      await page.reload();
      await isShown();
      await page.goto(away);
      await page.goto(url);
      await isShown();
      await page.goto(away);
      await page.goBack();
      await isShown();
      await page.goBack();
      expect(page.url()).toBe(away);
      await page.goForward();
      await isShown();
      page = await context.newPage();
      await page.goto(url);
      await isShown();
    },
  );
});
