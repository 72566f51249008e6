import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const script = fileURLToPath(new URL("../chaos/chaos.mjs", import.meta.url));

/** `npm run chaos`, short, with another seed each time (CHAOS_SEED repeats one): its rounds kill and freeze trainers, Redis and the API. */
test("the service keeps its promises through a few rounds of chaos", { timeout: 240_000 }, async () => {
  const seed = process.env.CHAOS_SEED ?? String(randomInt(1, 1_000_000));
  console.log(`CHAOS_SEED=${seed}`);
  const child = spawn(process.execPath, [script, "--seed", seed, "--rounds", "4"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (output += text.toString()));
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect(code, output).toBe(0);
  expect(output).toContain("Every promise was kept.");
});
