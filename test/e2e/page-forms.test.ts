import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { addApiKey } from "../../src/main/keys/api-key-file.ts";
import { browserFlags, browserPath, requireBrowser } from "./browser.ts";
import { createRestClient, dataFile } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

requireBrowser();

describe.skipIf(browserPath === undefined)("the page's forms, of a service that asks for a key", () => {
  let service: Service;
  let browser: Browser;
  let page: Page;
  let dataDir: string;
  let key: string;
  let dataset: string;
  let model: string;
  let faults: string[];

  beforeAll(async () => {
    dataDir = await createDataDir();
    const file = join(dataDir, "keys.json");
    key = await addApiKey(file, { id: "ada", tenant: "north", scopes: ["read", "submit"] });
    service = await startService(dataDir, { API_KEYS_FILE: file });
    browser = await chromium.launch({ executablePath: browserPath ?? "", args: browserFlags });
    const client = createRestClient(service.url, key);
    dataset = (await client.upload("iris", await dataFile("iris"))).id;
    const task = { type: "classification", label: "species" } as const;
    const job = await client.submit({ name: "iris", dataset, task, training: { epochs: 3 } });
    model = (await client.untilDone(job.id)).model ?? "";
  });
  afterAll(async () => {
    await browser?.close();
    await service?.stop();
    await removeDataDir(dataDir);
  });
  beforeEach(async () => {
    faults = [];
    page = await browser.newPage();
    page.setDefaultTimeout(30_000);
    page.on("pageerror", (error) => faults.push(error.message));
  });
  afterEach(async () => {
    await page.close();
    expect(faults).toEqual([]);
  });

  /** Gives the page's first form for it a key. */
  const sign = async (text: string): Promise<void> => {
    await page.getByLabel("Key", { exact: true }).first().fill(text);
    await page.getByRole("button", { name: "Continue" }).first().click();
  };

  test("a key that the service does not know is said to be so, and one that it knows is asked for once", async () => {
    await page.goto(`${service.url}/#/new/${dataset}`);
    await page.getByRole("heading", { name: "API key" }).nth(1).waitFor();
    await sign("dsc_wrong");
    await page.getByText("The service does not know this key").first().waitFor();
    await sign(key);
    await page.getByLabel("Or take one that is already here").waitFor();
    await page.getByLabel("Predict the column").waitFor();
    expect(await page.getByRole("heading", { name: "API key" }).count()).toBe(0);
  });

  test("the whole report is there for the reader's disk", async () => {
    await page.goto(`${service.url}/#/models/${model}`);
    await sign(key);
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "All of it as JSON" }).click();
    expect((await download).suggestedFilename()).toBe(`${model}.report.json`);
  });

  test("a form is as it was typed, and planned again when the service has come back", async () => {
    await page.goto(`${service.url}/#/new/${dataset}`);
    await sign(key);
    await page.getByText("Everything else").click();
    await page
      .locator("summary")
      .filter({ hasText: /^Optimizer$/ })
      .click();
    await page.getByLabel("Optimizer", { exact: true }).selectOption("Adam");
    await page.getByLabel("Learning rate", { exact: true }).pressSequentially("0.001");
    await page.getByText('"learningRate": 0.001').waitFor();
    await page
      .locator("summary")
      .filter({ hasText: /^Webhook$/ })
      .click();
    await page.getByLabel("Url", { exact: true }).fill("ftp://here");
    await page.getByText("must be a URL of https://").first().waitFor();
    await page.getByLabel("Url", { exact: true }).fill("");
    await page.getByText('"webhook"').waitFor({ state: "detached" });
    await page.getByText(/parameters, .* steps/).waitFor();
    const start = page.getByRole("button", { name: "Start training" });
    await page
      .locator("summary")
      .filter({ hasText: /^Labels$/ })
      .click();
    await page.getByLabel("Labels", { exact: true }).fill("nonsense");
    await page
      .locator("summary")
      .filter({ hasText: /^Labels$/ })
      .click();
    await start.click();
    await page.locator("#spec-labels:focus").waitFor();
    await page.getByLabel("Labels", { exact: true }).fill("team=growth");
    await page.route("**/v1/jobs/plan", (route) => route.abort());
    await page.getByLabel("Name of the job").fill("another");
    await page.getByText("Cannot reach the service").waitFor();
    expect(await start.isDisabled()).toBe(true);
    await page.unroute("**/v1/jobs/plan");
    await page.getByText(/parameters, .* steps/).waitFor();
    expect(await start.isDisabled()).toBe(false);
  });

  test("a search among all jobs goes on by itself when the service has come back", async () => {
    await page.goto(`${service.url}/#/jobs`);
    await sign(key);
    await page.getByRole("row").filter({ hasText: "iris" }).waitFor();
    const pages = "**/v1/jobs?*pageSize=100*";
    await page.route(pages, (route) => route.abort());
    await page.getByLabel("Search").fill("iris");
    await page.getByText("Cannot reach the service").waitFor();
    await page.unroute(pages);
    await page.getByText("1 job of 1", { exact: true }).waitFor();
    expect(await page.getByText("Cannot reach the service").count()).toBe(0);
  });
});
