// How the page's list does with ten thousand jobs, in chromium: the first view, a search over all, scrolling, and the memory that the page holds.
//   npm run --silent build && node test/load/many-jobs.mjs [--jobs 10000]
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { startService } from "../chaos/service.mjs";

const root = join(import.meta.dirname, "../..");
const { values } = parseArgs({ options: { jobs: { type: "string", default: "10000" } } });
const wanted = Number(values.jobs);
const folder = mkdtempSync(join(tmpdir(), "descent-many-jobs-"));
// Nobody trains: the jobs stay in the queue.
const service = await startService(folder, { workers: 0, leaseSeconds: 10, checkpointSeconds: 1000 });
const { url } = service;
const post = async (path, type, body) => {
  const answer = await fetch(`${url}${path}`, { method: "POST", headers: { "content-type": type }, body });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
};
const timed = async (name, work) => {
  const startedMs = performance.now();
  await work();
  console.log(`${name.padEnd(44)} ${((performance.now() - startedMs) / 1000).toFixed(2)} s`);
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-precise-memory-info"],
});
try {
  const csv = readFileSync(join(root, "test/data/iris.csv"));
  const { id: dataset } = await post("/v1/datasets?name=iris", "text/csv", csv);
  const task = { type: "classification", label: "species" };
  await timed(`${wanted} jobs submitted in batches`, async () => {
    for (let from = 0; from < wanted; from += 250) {
      const jobs = Array.from({ length: Math.min(250, wanted - from) }, (_, i) => ({
        ...{
          name: `job ${from + i}`,
          dataset,
          task,
          model: { type: "softmax" },
          labels: { team: `t${(from + i) % 7}` },
        },
      }));
      const { recorded } = await post("/v1/jobs/batch", "application/json", JSON.stringify({ jobs }));
      if (recorded !== jobs.length) throw new Error(`only ${recorded} of ${jobs.length} were recorded`);
    }
  });
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(120_000);
  const memory = async () => (await page.evaluate("performance.memory.usedJSHeapSize")) / 1024 ** 2;
  await timed("the first view", async () => {
    await page.goto(`${url}/#/jobs`);
    await page.getByRole("row").nth(25).waitFor();
  });
  console.log(`${"memory of scripts".padEnd(44)} ${(await memory()).toFixed(1)} MiB`);
  await timed("scrolled to the end of the page and back", async () => {
    await page.mouse.wheel(0, 5000);
    await page.mouse.wheel(0, -5000);
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
  });
  await timed("the first find of a search", async () => {
    await page.getByLabel("Search").fill(`job ${wanted - 1}`);
    await page
      .getByRole("row")
      .filter({ hasText: `job ${wanted - 1}` })
      .waitFor();
  });
  await timed("until all have been searched", () =>
    page
      .getByText(`of ${wanted.toLocaleString("en-US")}`)
      .filter({ hasNotText: "so far" })
      .first()
      .waitFor(),
  );
  await timed("another search, of all that are known", async () => {
    await page.getByLabel("Search").fill("team=t3");
    await page
      .getByText(/^\d[\d,]+ jobs of/)
      .first()
      .waitFor();
  });
  console.log(`${"memory of scripts".padEnd(44)} ${(await memory()).toFixed(1)} MiB`);
} finally {
  await browser.close();
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
}
