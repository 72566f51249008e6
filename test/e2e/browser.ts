import { existsSync } from "node:fs";
import { expect, test } from "vitest";

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
export const browserPath = process.env.CHROMIUM ?? places.find((path) => existsSync(path));

export const browserFlags = [
  ...["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"],
  ...["--disable-component-update", "--no-first-run", "--disable-sync"],
];

/** Without a browser these tests are left out, and where everything must be tested that is a failure. */
export const requireBrowser = (): void => {
  if (browserPath !== undefined) return;
  console.warn("The status page is NOT tested: no chromium (apt-get install chromium, or set CHROMIUM to its path).");
  test.runIf(process.env.CI)("a browser is installed where the tests must be complete", () => {
    expect.fail("install chromium");
  });
};
