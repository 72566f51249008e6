import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browserFlags, browserPath, requireBrowser } from "./browser.ts";
import { createRestClient, dataFile } from "./rest-client.ts";
import { createDataDir, removeDataDir, startService } from "./service.ts";

requireBrowser();

/** A browser's EventSource, left to itself: what it was given, how often it had to come back, and whether it was told of the end. */
interface Watched {
  ids: string[];
  states: string[];
  opened: number;
  ended: boolean;
}

const watchInBrowser = `(path) => {
  const watched = { ids: [], states: [], opened: 0, ended: false };
  globalThis.watched = watched;
  const source = new EventSource(path);
  source.onopen = () => { watched.opened += 1; };
  source.onmessage = ({ data, lastEventId }) => {
    const event = JSON.parse(data);
    watched.ids.push(lastEventId);
    if (event.type === "state") watched.states.push(event.data.state);
  };
  source.addEventListener("end", () => { watched.ended = true; source.close(); });
}`;

describe.skipIf(browserPath === undefined)(
  "who watches a job while the whole service is stopped and started again",
  () => {
    let browser: Browser;
    let dataDir: string;
    beforeAll(async () => {
      dataDir = await createDataDir();
      browser = await chromium.launch({ executablePath: browserPath ?? "", args: browserFlags });
    });
    afterAll(async () => {
      await browser?.close();
      await removeDataDir(dataDir);
    });

    test("is given every event once, comes back by itself, and is told of the end when the job is done", async () => {
      const first = await startService(dataDir);
      const client = createRestClient(first.url);
      const dataset = await client.upload("digits", await dataFile("digits"));
      const job = await client.submit({
        ...{ dataset: dataset.id, task: { type: "classification", label: "digit" } },
        training: { epochs: 100_000, earlyStopping: false },
      });
      const page = await browser.newPage();
      await page.goto(first.url);
      await page.evaluate(`(${watchInBrowser})("/v1/jobs/${job.id}/events")`);
      const seen = (): Promise<Watched> => page.evaluate<Watched>("globalThis.watched");
      await expect.poll(async () => (await seen()).states, { timeout: 30_000 }).toContain("running");
      expect(await first.stop("SIGTERM")).toBe(0);
      expect((await seen()).ended).toBe(false);

      const second = await startService(dataDir, { PORT: new URL(first.url).port });
      await expect.poll(async () => (await seen()).opened, { timeout: 30_000 }).toBeGreaterThan(1);
      const { call, untilDone } = createRestClient(second.url);
      const headers = { "content-type": "application/json" };
      await call(`/v1/jobs/${job.id}/cancel`, { method: "POST", headers });
      await untilDone(job.id);
      await expect.poll(async () => (await seen()).ended, { timeout: 30_000 }).toBe(true);
      const { ids, states } = await seen();
      expect(new Set(ids).size).toBe(ids.length);
      expect(states.slice(0, 2)).toEqual(["queued", "running"]);
      expect(states.at(-1)).toBe("cancelled");
      expect(await second.stop()).toBe(0);
    });
  },
);
