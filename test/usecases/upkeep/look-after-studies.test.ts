import { afterAll, beforeAll, expect, test } from "vitest";
import { admitEveryone } from "../../../src/usecases/admission/caller.ts";
import { advanceStudy } from "../../../src/usecases/studies/course/advance-study.ts";
import { pauseStudy } from "../../../src/usecases/studies/pause-study.ts";
import { submitStudy } from "../../../src/usecases/studies/submit-study.ts";
import { startStudies } from "../../../src/usecases/upkeep/look-after-studies.ts";
import { createClient } from "../../rest/client.ts";
import { startTestService, type TestService } from "../service.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service?.close());

test("news of a study has that one read alone; the others are read when all are", async () => {
  const { deps } = service;
  const dataset = (await createClient(() => service.url).upload()).id;
  const caller = await admitEveryone("submitStudy", undefined, "127.0.0.1");
  const spec = { job: { dataset, task: { type: "classification", label: "species" } }, trials: 2 };
  const [busy, idle] = [await submitStudy(deps, caller, { spec }), await submitStudy(deps, caller, { spec })];
  await pauseStudy(deps, caller, { id: idle.study.id });
  await advanceStudy(deps, caller.tenant, idle.study.id);
  expect((await deps.studies.get(caller.tenant, idle.study.id)).study.state).toBe("paused");

  const reads = { all: 0, busy: 0, idle: 0 };
  await new Promise<void>((resolve, reject) => {
    const stop = startStudies({
      ...deps,
      studies: {
        ...deps.studies,
        open: () => {
          reads.all += 1;
          return deps.studies.open();
        },
        get: (tenant, id) => {
          reads[id === idle.study.id ? "idle" : "busy"] += 1;
          // Its own first steps are news of it.
          if (reads.busy > reads.all) stop().then(resolve, reject);
          return deps.studies.get(tenant, id);
        },
      },
    });
  });
  expect(busy.study.id).not.toBe(idle.study.id);
  expect(reads.idle).toBeLessThanOrEqual(reads.all);
});
