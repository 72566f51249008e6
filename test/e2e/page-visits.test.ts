import axe from "axe-core";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createDescent } from "../../src/client/descent.ts";
import { encodePng } from "../../src/formats/images/decode-image.ts";
import { buildZip } from "../formats/archives/build-archives.ts";
import { browserFlags, browserPath, requireBrowser } from "./browser.ts";
import { createRestClient, dataFile } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

requireBrowser();

type Ids = Record<"job" | "final" | "dataset" | "images" | "model" | "study", string>;

/** Every view of the page, and the docs: where it is, and what shows that it is there. */
const views: [name: string, path: (ids: Ids) => string, shown: string][] = [
  ["home", () => "/", "a:has-text('visited')"],
  ["jobs", () => "/#/jobs", "table a:has-text('visited')"],
  ["curves of jobs", ({ job, final }) => `/#/curves/${job},${final}`, "figcaption:has-text('Train loss of 2 jobs')"],
  ["a job", ({ job }) => `/#/jobs/${job}`, "h1:has-text('visited')"],
  ["a new job", () => "/#/new", "h1:has-text('New job')"],
  ["a new job of a data set", ({ dataset }) => `/#/new/${dataset}`, "label:has-text('Predict the column')"],
  ["studies", () => "/#/studies", "table a:has-text('sought')"],
  ["a study", ({ study }) => `/#/studies/${study}`, "figcaption:has-text('Parallel coordinates')"],
  ["a new study of a data set", ({ dataset }) => `/#/new-study/${dataset}`, "summary:has-text('The space')"],
  ["data sets", () => "/#/datasets", "table a:has-text('flowers')"],
  ["a data set", ({ dataset }) => `/#/datasets/${dataset}`, "h1:has-text('flowers')"],
  ["a data set of images", ({ images }) => `/#/datasets/${images}`, ".pictures img[alt='Thumbnail: right']"],
  ["models", () => "/#/models", "table a:has-text('visited')"],
  ["aliases", () => "/#/aliases", "table a:has-text('production')"],
  ["an alias", () => "/#/aliases/production", "h1:has-text('production')"],
  ["a comparison", ({ model, dataset }) => `/#/compare/${model}/${dataset}`, "button:text-is('Judge'):enabled"],
  ["a model", ({ model }) => `/#/models/${model}`, "h1:has-text('visited')"],
  ["the API reference", () => "/docs/api/", ".opblock-summary-path:has-text('/v1/jobs')"],
  ["the documents", () => "/docs", "h1:has-text('Documents')"],
  ["a document", () => "/docs/configuration", "h1:has-text('Configuration')"],
  ["a document of many tables", () => "/docs/specification", "h1:has-text('specification')"],
];

/** What only another width or another scheme may break. */
const looks = ["color-contrast", "scrollable-region-focusable", "link-in-text-block"];

/** Nothing for axe to find, and nothing wider than the screen: on a desk and on a phone, by day and by night. Every rule once: what a scheme or a width changes is how it looks. */
const expectAccessible = async (page: Page): Promise<void> => {
  await page.evaluate(axe.source);
  for (const [width, scheme, rules] of [
    [1440, "light", null],
    [1440, "dark", looks],
    [390, "dark", looks],
    [390, "light", looks],
  ] as const) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    const only = rules === null ? "" : `, runOnly: ${JSON.stringify(rules)}`;
    const found = await page.evaluate<string[]>(
      `axe.run(document, { resultTypes: ["violations"]${only} }).then(({ violations }) =>
        violations.flatMap(({ id, nodes }) => nodes.map(({ target, any }) => [id, ...target, any[0]?.message].join(" "))))`,
    );
    expect(found, `${width} ${scheme}`).toEqual([]);
    expect(await page.evaluate<boolean>("document.documentElement.scrollWidth <= innerWidth"), `${width}`).toBe(true);
  }
};

const uploadImages = async (url: string): Promise<string> => {
  const pixels = Uint8Array.from({ length: 192 }, (_, i) => i);
  const content = await encodePng(pixels, { height: 8, width: 8, channels: 3 });
  const zip = buildZip(["left/1.png", "right/1.png"].map((path) => ({ path, content })));
  const response = await fetch(`${url}/v1/datasets?size=8`, {
    ...{ method: "POST", headers: { "content-type": "application/zip" }, body: new Uint8Array(zip) },
  });
  return ((await response.json()) as { id: string }).id;
};

describe.skipIf(browserPath === undefined)("every view in a real browser, whose cache has seen it before", () => {
  let service: Service;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let dataDir: string;
  let faults: string[];
  const ids: Ids = { job: "", final: "", dataset: "", images: "", model: "", study: "" };

  beforeAll(async () => {
    dataDir = await createDataDir();
    service = await startService(dataDir);
    browser = await chromium.launch({ executablePath: browserPath ?? "", args: browserFlags });
    const client = createRestClient(service.url);
    ids.dataset = (await client.upload("flowers", await dataFile("iris"))).id;
    ids.images = await uploadImages(service.url);
    const task = { type: "classification", label: "species" } as const;
    const job = await client.submit({ name: "visited", dataset: ids.dataset, task, training: { epochs: 3 } });
    ids.job = job.id;
    ids.model = (await client.untilDone(job.id)).model ?? "";
    const { aliases, studies } = createDescent({ url: service.url });
    await aliases.put("production", ids.model);
    const sought = { dataset: ids.dataset, task, training: { epochs: 3 } };
    const study = await studies.submit({
      name: "sought",
      job: sought,
      trials: 4,
      pruner: { type: "asha", minEpochs: 1 },
    });
    ids.study = study.id;
    const done = await studies.wait(study.id);
    expect(done).toMatchObject({ state: "succeeded" });
    ids.final = done.final?.job ?? "";
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
      // The markup of the API reference is Swagger UI's own.
      if (!url.includes("/docs/api")) await expectAccessible(page);
    },
  );

  test("shows the queues as they are, and offers nothing that would change them", async () => {
    page.on("request", (request) => {
      if (!request.url().startsWith(service.url) && !request.url().startsWith("data:")) faults.push(request.url());
    });
    await page.goto(`${service.url}/queues`);
    expect(page.url()).toBe(`${service.url}/queues/`);
    for (const name of ["training", "webhooks"]) await page.getByRole("link", { name }).first().waitFor();
    await page.getByRole("link", { name: "training" }).first().click();
    await page.waitForURL(/\/queues\/queue\/training/);
    await page.reload();
    await page.getByRole("link", { name: "webhooks" }).first().waitFor();
    expect(await page.getByRole("button", { name: /pause|empty|add job|obliterate/i }).count()).toBe(0);
  });
});
