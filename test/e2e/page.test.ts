import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createDescent } from "../../src/client/descent.ts";
import type { JobSpec } from "../../src/client/types.ts";
import { browserFlags, browserPath, requireBrowser } from "./browser.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

const iris = join(import.meta.dirname, "../data/iris.csv");

requireBrowser();

/** Uploads over REST and submits a job that would run for minutes. */
const submitLongJob = async (url: string): Promise<string> => {
  const headers = { "content-type": "application/json" };
  const form = { method: "POST", headers: { "content-type": "text/csv" }, body: `x,y\n${"1,a\n2,b\n".repeat(200)}` };
  const dataset = (await (await fetch(`${url}/v1/datasets?name=long`, form)).json()) as { id: string };
  const training = { epochs: 100_000, earlyStopping: false };
  const body = JSON.stringify({
    name: "long",
    dataset: dataset.id,
    task: { type: "classification", label: "y" },
    training,
  });
  const response = await fetch(`${url}/v1/jobs`, { method: "POST", headers, body });
  expect(response.status).toBe(202);
  return ((await response.json()) as { id: string }).id;
};

describe.skipIf(browserPath === undefined)("the status page in a real browser", () => {
  let service: Service;
  let browser: Browser;
  let page: Page;
  let dataDir: string;
  /** What a page must never do: fail in a script, be blocked by its own policy, or ask another server. */
  let faults: string[];

  beforeAll(async () => {
    dataDir = await createDataDir();
    service = await startService(dataDir);
    browser = await chromium.launch({ executablePath: browserPath ?? "", args: browserFlags });
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
    page.on("console", (message) => {
      if (/Content.Security.Policy|Refused to/.test(message.text())) faults.push(message.text());
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(service.url) && !request.url().startsWith("data:")) faults.push(request.url());
    });
  });
  afterEach(async () => {
    await page.close();
    expect(faults).toEqual([]);
  });

  /** Makes something over REST, and tells its id. */
  const post = async (path: string, type: string, body: string): Promise<string> => {
    const response = await fetch(`${service.url}${path}`, { method: "POST", headers: { "content-type": type }, body });
    expect(response.status).toBeLessThan(300);
    return ((await response.json()) as { id: string }).id;
  };

  test("says so when there is nothing yet", async () => {
    await page.goto(service.url);
    await page.getByRole("heading", { name: "No jobs yet" }).waitFor();
    await page
      .getByRole("region", { name: "Trainers" })
      .getByText(/room for \d+ more/)
      .waitFor();
    const tabs = page.getByRole("navigation", { name: "Main" });
    await tabs.getByRole("link", { name: "Jobs" }).click();
    await page.getByText("No jobs yet").waitFor();
    await page.goto(`${service.url}/#/curves/`);
    await page.getByText("No job is chosen").waitFor();
    await tabs.getByRole("link", { name: "Data sets" }).click();
    await page.getByText("No data sets yet").waitFor();
    await page.getByRole("link", { name: "Models" }).click();
    await page.getByText("No models yet").waitFor();
    await page.getByRole("link", { name: "Aliases" }).click();
    await page.getByText("No aliases yet").waitFor();
    await page.getByText("There is no model to name yet").waitFor();
    await page.goto(`${service.url}/#/compare/`);
    await page.getByText("Nothing to compare yet").waitFor();
  });

  /** As who has no mouse: on with Tab until it is reached, which it must be. */
  const reach = async (target: Locator): Promise<void> => {
    await target.waitFor();
    for (let stops = 0; stops < 60; stops++) {
      if (await target.evaluate((element) => element.matches(":focus"))) return;
      await page.keyboard.press("Tab");
    }
    throw new Error(`the keyboard does not lead to ${target}`);
  };
  const press = async (target: Locator): Promise<void> => {
    await reach(target);
    await page.keyboard.press("Enter");
  };

  test("leads from a CSV file to a trained model and a prediction, by the keyboard alone", async () => {
    await page.goto(service.url);
    await press(page.getByRole("link", { name: "New job" }));
    // The dialog that opens there is the browser's own.
    await reach(page.getByLabel("Choose a CSV file"));
    await page.getByLabel("Choose a CSV file").setInputFiles(iris);
    expect(await page.getByLabel("Predict the column").inputValue()).toBe("species");
    expect(await page.getByRole("combobox", { name: "As", exact: true }).inputValue()).toBe("classification");
    await page.getByText(/parameters, .* steps/).waitFor();
    await press(page.getByRole("button", { name: "Start training" }));

    await page.getByRole("heading", { name: "iris", level: 1 }).waitFor();
    await page.locator(".live").getByText("succeeded").waitFor();
    await page.getByRole("img", { name: /^Loss over \d+ epochs: train from .* to / }).waitFor();
    await page.getByText("Test accuracy").waitFor();

    await press(page.getByRole("link", { name: "Open the model" }));
    await page
      .getByRole("region", { name: "Report" })
      .getByText(/^9\d\.\d % \(.* to .*\)$|^100\.0 % \(/)
      .first()
      .waitFor();
    await press(page.getByRole("button", { name: "Take a row of the data set" }));
    await press(page.getByRole("button", { name: "Predict", exact: true }));
    await page.getByText(/^species: (setosa|versicolor|virginica)$/).waitFor();

    await page.getByRole("link", { name: "Jobs", exact: true }).click();
    const row = page.getByRole("row").filter({ hasText: "iris" });
    await row.getByText("succeeded").waitFor();
    await row.getByText("100.0 %").first().waitFor();
  });

  test("shows where a model comes from, names it, moves the name and compares it, from the keyboard alone", async () => {
    const descent = createDescent({ url: service.url });
    const dataset = await descent.datasets.upload(iris);
    const spec = { dataset: dataset.id, task: { type: "classification", label: "species" } } as const;
    const train = async (more: Partial<JobSpec>) =>
      (await descent.jobs.submit({ ...spec, training: { epochs: 3 }, ...more }).wait()).model ?? "";
    const base = await train({ name: "first" });
    const child = await train({ name: "second", base: { model: base } });

    await page.goto(`${service.url}/#/models/${child}`);
    const tree = page.getByRole("region", { name: "Lineage" });
    await tree.getByText("second, version 1 (this model)").waitFor();
    expect(
      await tree
        .getByRole("listitem")
        .filter({ has: page.getByRole("list") })
        .getByRole("link")
        .first()
        .textContent(),
    ).toBe("first, version 1");
    expect(await page.title()).toBe("second · Descent");
    await page.getByText("Better than simpler models").waitFor();
    await page.getByLabel("Alias", { exact: true }).focus();
    await page.keyboard.type("production");
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "production" }).first().press("Enter");

    await page.getByRole("heading", { name: "production", level: 1 }).waitFor();
    await page.getByLabel("Move it to").selectOption(base);
    // Somebody else moves it meanwhile: what they did is not undone unseen.
    const meanwhile = [base, child];
    await page.route("**/v1/aliases/production", async (route) => {
      const changes = route.request().method() === "PUT" ? meanwhile.splice(0) : [];
      for (const model of changes) await descent.aliases.put("production", model);
      await route.continue();
    });
    await page.getByRole("button", { name: "Move" }).press("Enter");
    await page
      .getByRole("alert")
      .getByText(/revision|changed|moved/)
      .waitFor();
    await page.getByRole("row").nth(3).waitFor();
    await page.getByRole("button", { name: "Move" }).press("Enter");
    await page.getByRole("row").nth(4).waitFor();
    expect(await descent.aliases.get("production")).toMatchObject({ model: base, revision: 4 });
    const downloading = page.waitForEvent("download");
    await page.getByRole("link", { name: "first, version 1" }).first().press("Enter");
    await page.getByRole("link", { name: "Download bare ONNX" }).press("Enter");
    expect((await downloading).suggestedFilename()).toBe(`${base}.network.onnx`);

    await page.getByRole("link", { name: "Compare" }).press("Enter");
    await page.getByLabel("With").selectOption(child);
    await page.getByRole("button", { name: "Compare" }).press("Enter");
    await page.getByText(/is better than|cannot tell the two apart/).waitFor();
    await page.getByRole("row").filter({ hasText: "Accuracy" }).waitFor();
    await page.reload();
    expect(await page.getByLabel("With").inputValue()).toBe(child);
    // On other rows, whose columns are held against those that it learnt from.
    const larger = (await readFile(iris, "utf8")).replace(/^\d/gm, "9");
    const other = await descent.datasets.upload(Buffer.from(larger), { name: "larger" });
    await page.goto(`${service.url}/#/compare/${base}/${other.id}`);
    await page.getByRole("button", { name: "Judge" }).press("Enter");
    await page.getByText(/^Shift of numbers/).waitFor();

    await page.goto(`${service.url}/#/aliases/production`);
    page.once("dialog", (dialog) => void dialog.accept());
    await page.getByRole("button", { name: "Delete" }).press("Enter");
    await page.getByText("No aliases yet").waitFor();
  });

  test("a file that cannot be read is refused with its line, in the form", async () => {
    await page.goto(`${service.url}/#/new`);
    const broken = { name: "broken.csv", mimeType: "text/csv", buffer: Buffer.from("a,b\n1,2\n3\n") };
    await page.getByLabel("Choose a CSV file").setInputFiles(broken);
    await page
      .getByRole("alert")
      .getByText(/line 3/)
      .first()
      .waitFor();
  });

  test("shows what is odd about a file and its columns, and about a row to predict", async () => {
    const lines = Array.from({ length: 60 }, (_, i) => `${i % 7},5;7;${i % 2 ? "red" : "blue"};${3 * (i % 7)}`);
    const dataset = await post("/v1/datasets?name=odd", "text/csv", `a;same;colour;y\n${lines.join("\n")}\n`);
    await page.goto(`${service.url}/#/datasets/${dataset}`);
    await page.getByText(/decimal commas in the first rows/).waitFor();
    await page
      .getByRole("row")
      .filter({ hasText: /^same/ })
      .getByText(/every row has "7"/)
      .waitFor();
    const spec = { dataset, task: { type: "regression", label: "y" }, model: { type: "linear" } };
    await page.goto(`${service.url}/#/jobs/${await post("/v1/jobs", "application/json", JSON.stringify(spec))}`);
    const model = page.getByRole("link", { name: "Open the model" });
    await page.getByText("This model was solved in one pass.").waitFor();
    await model.click();
    await page.getByLabel("a", { exact: true }).fill("");
    await page.getByRole("button", { name: "Predict", exact: true }).click();
    await page.getByText(/^"a" .*it counts as/).waitFor();
    const [, id] = /(mdl_\w+)/.exec(page.url()) ?? [];
    const asked = await post(`/v1/models/${id}/predictions`, "application/json", JSON.stringify({ dataset }));
    await page.goto(`${service.url}/#/jobs/${asked}`);
    const answers = page.getByRole("link", { name: "Download answers" });
    const downloading = page.waitForEvent("download");
    await answers.click();
    expect((await downloading).suggestedFilename()).toBe(`${asked}.csv`);
  });

  test("follows a running job without being asked, and cancels it", async () => {
    const job = await submitLongJob(service.url);
    await page.goto(`${service.url}/#/jobs/${job}`);
    const live = page.locator(".live");
    await live.getByText("running").waitFor();
    const curve = page.getByRole("img", { name: /^Loss over/ });
    await curve.waitFor();
    const before = await curve.getAttribute("aria-label");
    await expect.poll(() => curve.getAttribute("aria-label"), { timeout: 30_000 }).not.toBe(before);
    page.once("dialog", (dialog) => void dialog.accept());
    await page.getByRole("button", { name: "Cancel" }).click();
    await live.getByText("cancelled").waitFor();
    expect(await page.getByRole("button", { name: "Cancel" }).count()).toBe(0);
  });

  test("an id that does not exist is said to be so", async () => {
    await page.goto(`${service.url}/#/jobs/job_00000000000000000000000000`);
    await page
      .getByRole("status")
      .filter({ hasText: /job_0+/ })
      .waitFor();
  });

  test("says when the service is away, keeps what it showed, and goes on by itself", async () => {
    await page.goto(`${service.url}/#/jobs`);
    const row = page.getByRole("row").filter({ hasText: "iris" });
    await row.waitFor();
    const port = new URL(service.url).port;
    await service.stop();
    const notice = page.getByText("Cannot reach the service");
    await notice.waitFor();
    expect(await row.count()).toBe(1);
    service = await startService(dataDir, { PORT: port });
    await notice.waitFor({ state: "detached" });
    await row.waitFor();
  });

  test("on a phone nothing is wider than the screen", async () => {
    await page.setViewportSize({ width: 375, height: 700 });
    await page.goto(`${service.url}/#/jobs`);
    await page.getByRole("link", { name: "iris" }).click();
    await page.getByRole("img", { name: /^Loss over/ }).waitFor();
    for (const tab of ["Home", "Jobs", "Data sets", "Models"]) {
      expect(await page.evaluate<boolean>("document.documentElement.scrollWidth <= innerWidth"), tab).toBe(true);
      await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: tab }).click();
      await page.getByRole("heading", { level: 1, name: tab }).waitFor();
    }
  });
});
