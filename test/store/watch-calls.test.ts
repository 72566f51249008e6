import { expect, test } from "vitest";
import { ServiceError } from "../../src/domain/errors.ts";
import { type OnCall, watchCalls } from "../../src/store/watch-calls.ts";

test("tells of each asynchronous call when it settles, and changes nothing", async () => {
  const told: [method: string, error: string | null][] = [];
  const onCall: OnCall = (method, seconds, error) => {
    expect(seconds).toBeGreaterThanOrEqual(0);
    told.push([method, error]);
  };
  const away = new ServiceError("unavailable", "away");
  const watched = watchCalls(
    {
      limit: 3,
      add: async (a: number, b: number) => a + b,
      fail: async () => Promise.reject(away),
      bug: async () => {
        throw new TypeError("undefined is not a function");
      },
      now: () => 7,
    },
    onCall,
  );
  expect([watched.limit, watched.now(), await watched.add(1, 2)]).toEqual([3, 7, 3]);
  await expect(watched.fail()).rejects.toBe(away);
  await expect(watched.bug()).rejects.toThrow(TypeError);
  expect(told).toEqual([
    ["add", null],
    ["fail", "unavailable"],
    ["bug", "TypeError"],
  ]);
});
