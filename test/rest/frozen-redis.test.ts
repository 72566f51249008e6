import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import type { Page } from "../../src/domain/page.ts";
import { artifactKeys } from "../../src/store/artifacts/artifact-store.ts";
import { reindex } from "../../src/usecases/upkeep/reindex.ts";
import { applyRetention } from "../../src/usecases/upkeep/retention.ts";
import { iris, startTestService, type TestService } from "../usecases/service.ts";

const DAY_MS = 86_400_000;
const rounds = 3;

/** Redis stops in the middle of an operation, for longer than anyone waits, and then does all that it was asked. */
describe("while Redis is frozen", () => {
  let service: TestService;
  let writing: () => void = () => {};
  beforeAll(async () => {
    service = await startTestService({
      deps: (deps) => ({
        ...deps,
        artifacts: {
          ...deps.artifacts,
          write: (...args) => {
            writing();
            return deps.artifacts.write(...args);
          },
        },
      }),
    });
  });
  const signal = (name: NodeJS.Signals) => process.kill(service.redis.pid()!, name);
  afterEach(() => signal("SIGCONT"));
  afterAll(() => service.close());

  const upload = (body: RequestInit["body"]) =>
    fetch(`${service.url}/v1/datasets`, {
      ...{ method: "POST", headers: { "content-type": "text/csv" }, body },
      ...{ duplex: "half" },
    } as RequestInit);
  const thaw = async (): Promise<void> => {
    signal("SIGCONT");
    // What was asked before is done before.
    await expect.poll(async () => (await fetch(`${service.url}/readyz`)).status, { timeout: 10_000 }).toBe(200);
  };
  const listed = async (): Promise<Dataset[]> =>
    ((await (await fetch(`${service.url}/v1/datasets`)).json()) as Page<Dataset>).items;

  test("an upload that ends is answered with 503, and no data set is listed without its file, then or after a sweep", async () => {
    for (let round = 0; round < rounds; round++) {
      const began = new Promise<void>((resolve) => {
        writing = resolve;
      });
      let end = (): void => {};
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          controller.enqueue(Buffer.from(iris));
          end = () => controller.close();
        },
      });
      const answer = upload(body);
      await began;
      signal("SIGSTOP");
      end();
      expect((await answer).status).toBe(503);
      await thaw();
      const checkRows = async (): Promise<void> => {
        for (const { id } of await listed())
          expect((await fetch(`${service.url}/v1/datasets/${id}/rows`)).status).toBe(200);
      };
      await checkRows();
      const later = { ...service.deps, now: () => new Date(Date.now() + 2 * DAY_MS) };
      await applyRetention(later, null);
      await checkRows();
      const files = await service.deps.artifacts.list("default/datasets/");
      expect(files).toHaveLength(2 * (await listed()).length);
    }
  });

  test("a deletion is answered with 503, and the same call finishes it", async () => {
    for (let round = 0; round < rounds; round++) {
      const { id } = (await (await upload(iris)).json()) as Dataset;
      const remove = () => fetch(`${service.url}/v1/datasets/${id}`, { method: "DELETE" });
      signal("SIGSTOP");
      expect((await remove()).status).toBe(503);
      await thaw();
      await reindex(service.deps);
      expect((await listed()).map((each) => each.id)).not.toContain(id);
      expect((await remove()).status).toBeOneOf([204, 404]);
      expect(await service.deps.artifacts.list(artifactKeys.dataset("default", id))).toEqual([]);
      expect((await remove()).status).toBe(404);
    }
  });
});
