import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { fitPoints, iris, toSpec } from "../cluster/iris.ts";
import { runJob } from "./job.ts";
import { digests, jobs } from "./reference-jobs.ts";

/** And the estimators that are not trained by gradients, on iris. */
const clusterings = {
  kMeans: toSpec({ type: "k_means", clusters: { from: 2, to: 4 }, restarts: 3 }),
  mixture: toSpec(
    {
      type: "gaussian_mixture",
      components: { from: 1, to: 3 },
      covariance: "full",
      regularization: 1e-6,
      restarts: 2,
    },
    { epochs: 50 },
  ),
};

describe("the weights' SHA-256 of a reference job is the recorded one:", () => {
  for (const [name, job] of Object.entries(jobs)) {
    it(name, async () => {
      const { digest } = await runJob(job.spec, job.shape, "classes" in job ? { classes: job.classes } : {});
      expect(digest).toBe(digests[name]);
    });
  }

  for (const [name, spec] of Object.entries(clusterings)) {
    it(name, async () => {
      const hash = createHash("sha256");
      for (const { values } of (await fitPoints(spec, iris)).tensors)
        hash.update(new Uint8Array(values.slice().buffer));
      expect(hash.digest("hex")).toBe(digests[name]);
    });
  }
});
