import { describe, expect, test } from "vitest";
import { compiled } from "../../engine/train/job.ts";
import { isInstalled, runNodeTests } from "./node-tests.ts";

// `LIST=1 npx vitest run test/formats/onnx/node-tests.test.ts` says what became of each case, and why.
describe.skipIf(!isInstalled)("the ONNX project's own cases of its operators", () => {
  test("are computed as it says, or refused with a reason", async () => {
    const verdicts = await runNodeTests(await compiled);
    const count = (outcome: string): number => verdicts.filter((verdict) => verdict.outcome === outcome).length;
    console.log(`passed ${count("passed")}, refused ${count("refused")}, failed ${count("failed")}`);
    if (process.env.LIST !== undefined) for (const verdict of verdicts) console.log(JSON.stringify(verdict));
    expect(verdicts.filter(({ outcome }) => outcome === "failed")).toEqual([]);
    expect(count("passed")).toBeGreaterThan(500);
    expect(verdicts.filter(({ outcome, reason }) => outcome === "refused" && reason === "")).toEqual([]);
  });
});
