import { Readable } from "node:stream";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ServiceError } from "../../src/domain/errors.ts";
import { admitEveryone, type Caller } from "../../src/usecases/admission/caller.ts";
import { deleteAlias } from "../../src/usecases/aliases/delete-alias.ts";
import { putAlias } from "../../src/usecases/aliases/put-alias.ts";
import { uploadDataset } from "../../src/usecases/datasets/upload-dataset.ts";
import type { Deps } from "../../src/usecases/deps.ts";
import { submitJob } from "../../src/usecases/jobs/submit-job.ts";
import { reindex } from "../../src/usecases/upkeep/reindex.ts";
import { applyRetention } from "../../src/usecases/upkeep/retention.ts";
import { finishJob, iris, startTestService, type TestService } from "../usecases/service.ts";
import { type CutKind, cutAt, cutKinds } from "./cut.ts";

const tenant = "default";

describe("a change of an alias, cut short at every step", { timeout: 120_000 }, () => {
  let service: TestService;
  let redis: Redis;
  let caller: Caller;
  const models: string[] = [];

  beforeAll(async () => {
    service = await startTestService();
    redis = new Redis(service.redis.url);
    caller = await admitEveryone("putAlias", undefined, "");
    const dataset = await uploadDataset(service.deps, caller, {
      name: "iris",
      body: Readable.from([Buffer.from(iris)]),
    });
    for (let i = 0; i < 2; i++) {
      const spec = { dataset: dataset.id, task: { type: "classification", label: "species" } };
      models.push((await finishJob(service, (await submitJob(service.deps, caller, { spec })).job)).id);
    }
  });
  afterAll(async () => {
    redis.disconnect();
    await service.close();
  });

  const put = (deps: Deps, model: string) => putAlias(deps, caller, { name: "live", body: { model } });
  const remove = (deps: Deps) => deleteAlias(deps, caller, { name: "live" });
  const unless = async (codes: readonly string[], call: Promise<unknown>): Promise<void> => {
    await call.catch((error: unknown) => {
      if (!(error instanceof ServiceError) || !codes.includes(error.code)) throw error;
    });
  };

  it.each(Object.keys(cutKinds) as CutKind[])(
    "%s: is finished by the same call or the sweep, and a reindex keeps it",
    async (kind) => {
      for (const [act, after] of [
        [(deps: Deps) => put(deps, models[1]!), [models[1]]],
        [remove, []],
      ] as const) {
        for (const repeats of [true, false]) {
          for (let n = 0, reached = true; reached; n++) {
            await put(service.deps, models[0]!);
            const cut = cutAt(service.deps, n, kind);
            await unless(["unavailable"], act({ ...service.deps, ...cut.parts }));
            await cut.settle();
            if (repeats) await unless(["not_found"], act(service.deps));
            await applyRetention(service.deps, null);
            const known = await service.deps.catalogue.aliases(tenant);
            if (repeats) expect(known.map(({ model }) => model)).toEqual(after);
            await redis.flushall();
            await reindex(service.deps);
            expect(await service.deps.catalogue.aliases(tenant)).toEqual(known);
            reached = cut.reached();
          }
        }
      }
    },
  );
});
