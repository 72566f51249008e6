import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const script = fileURLToPath(new URL("../chaos/chaos.mjs", import.meta.url));

/** `npm run chaos`, short: the seed's rounds kill and freeze trainers, Redis and the API. */
test("the service keeps its promises through a few rounds of chaos", { timeout: 240_000 }, async () => {
  const child = spawn(process.execPath, [script, "--seed", "6", "--rounds", "4"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (output += text.toString()));
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect(code, output).toBe(0);
  expect(output).toContain("Every promise was kept.");
});
