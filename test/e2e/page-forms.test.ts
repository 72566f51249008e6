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
  let job: string;
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
    job = (await client.submit({ name: "iris", dataset, task, training: { epochs: 3 } })).id;
    model = (await client.untilDone(job)).model ?? "";
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

  test("what the service refuses stands at its field, for jobs and studies", async () => {
    await page.goto(`${service.url}/#/new/${dataset}`);
    await sign(key);
    const fault = (label: string) => page.locator("label").filter({ hasText: label }).locator(".fault");
    const name = page.getByLabel("Name of the job");
    await name.evaluate((field) => field.removeAttribute("maxlength"));
    await name.fill("n".repeat(300));
    await fault("Name of the job").waitFor();
    expect(await name.getAttribute("aria-invalid")).toBe("true");
    await name.fill("short");
    await fault("Name of the job").waitFor({ state: "detached" });
    await page.goto(`${service.url}/#/new-study/${dataset}`);
    await page.getByLabel("Trials", { exact: false }).first().fill("5000");
    await fault("Trials").first().waitFor();
    await page.getByLabel("Trials", { exact: false }).first().fill("5");
    await page.getByText(/5 trials of up to/).waitFor();
  });

  test("a report that cannot be read says so, and is there when it can", async () => {
    const report = `**/v1/models/${model}/report`;
    await page.route(report, (route) =>
      route.fulfill({ status: 503, contentType: "application/problem+json", body: "{}" }),
    );
    await page.goto(`${service.url}/#/models/${model}`);
    await sign(key);
    const card = page.getByRole("region", { name: "Report" });
    await card.getByText("Trying again by itself").waitFor();
    await page.unroute(report);
    await card.getByText(/^Measured on the/).waitFor();
  });

  test("a data set beyond the newest is found by its name, and the choice of jobs is kept through Back", async () => {
    const client = createRestClient(service.url, key);
    for (let i = 0; i < 26; i++) await client.upload(`filler-${i}`, "a,b\n1,2\n3,4\n");
    await page.goto(`${service.url}/#/new`);
    await sign(key);
    const choice = page.getByLabel("Or take one that is already here");
    await choice.waitFor();
    expect(await choice.getByRole("option", { name: /^iris/ }).count()).toBe(0);
    await page.getByLabel("Search the data sets").fill("iri");
    await page.getByText("1 of 27", { exact: true }).waitFor();
    await choice.selectOption(dataset);
    await page.getByLabel("Predict the column").waitFor();

    await page.goto(`${service.url}/#/jobs`);
    await page.getByLabel("Search").fill("iris");
    await page.getByText("1 job of 1", { exact: true }).waitFor();
    await page.getByRole("row").filter({ hasText: "iris" }).getByRole("checkbox").check();
    await page.getByRole("link", { name: "Curves of 1" }).click();
    await page.getByText("Train loss of 1 job").first().waitFor();
    await page.goBack();
    await page.getByRole("link", { name: "Curves of 1" }).waitFor();
    expect(await page.getByLabel("Search").inputValue()).toBe("iris");
  });

  test("a job that is not there hides no other curve, and points are asked for when its state is known", async () => {
    const order: string[] = [];
    page.on("response", (answer) => answer.url().endsWith(`/jobs/${job}`) && order.push("state answered"));
    page.on("request", (asked) => asked.url().includes(`/jobs/${job}/metrics`) && order.push("points asked for"));
    await page.goto(`${service.url}/#/curves/job_01ARZ3NDEKTSV4RRFFQ69G5FAV,${job}`);
    await sign(key);
    await page.getByText("Train loss of 1 job").first().waitFor();
    await page.getByText("One of these jobs is not there any more: job_01ARZ3NDEKTSV4RRFFQ69G5FAV").waitFor();
    // The other way round a job may be seen as done without its last points.
    expect(order.slice(-2)).toEqual(["state answered", "points asked for"]);
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

  // The last: those before it count jobs and data sets.
  test("shows the quantiles that a model predicts about its answer", async () => {
    const client = createRestClient(service.url, key);
    const lines = Array.from({ length: 200 }, (_, i) => `${i % 20},${(i % 20) + ((i * 7) % 11)}`);
    const { id: table } = await client.upload("between", `x,y\n${lines.join("\n")}\n`);
    const task = { type: "regression", label: "y" } as const;
    const asked = {
      dataset: table,
      task,
      model: { type: "quantile" },
      loss: { type: "pinball", interval: 0.8 },
    } as const;
    const between = (await client.untilDone((await client.submit(asked)).id)).model!;
    await page.goto(`${service.url}/#/models/${between}`);
    await sign(key);
    await page.getByLabel("x", { exact: true }).fill("8");
    await page.getByRole("button", { name: "Predict", exact: true }).click();
    const said = (await page.getByText(/^y: .*, between .* and /).textContent())!;
    const [value, lower, upper] = /^y: (\S+), between (\S+) and (\S+)$/.exec(said)!.slice(1).map(Number);
    const [answer] = (await client.predict(between, [{ x: 8 }])).predictions;
    if (answer === undefined || !("value" in answer)) throw new Error("the model predicts no number");
    expect(value).toBeCloseTo(answer.value, 2);
    expect(lower).toBeCloseTo(answer.quantiles!.lower, 2);
    expect(upper).toBeCloseTo(answer.quantiles!.upper, 2);
    expect(lower! < value! && value! < upper!).toBe(true);
  });
});
