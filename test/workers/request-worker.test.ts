import { afterEach, describe, expect, it } from "vitest";
import { ServiceError } from "../../src/domain/errors.ts";
import type { Party } from "../../src/domain/fairness/shares.ts";
import {
  createRequestWorker,
  type RequestWorker,
  type RequestWorkerOptions,
} from "../../workers/requests/request-worker.ts";
import { unlessBusy } from "../../workers/requests/unless-busy.ts";
import { quiet } from "../usecases/redis.ts";

const script = new URL("./threads/slow-answers.mjs", import.meta.url);
const [greedy, other] = ["greedy", "other"].map((tenant) => ({ tenant, key: "1" })) as [Party, Party];
let thread: RequestWorker<string, string>;
const tooLong = () => new ServiceError("over_limit", "that took too long");
const open = (
  waiting = 64,
  small?: { atOnce: number; bytes: number },
  hungOn: RequestWorkerOptions["hungOn"] = tooLong,
) => {
  thread = createRequestWorker({
    ...(small === undefined ? {} : { small }),
    ...{ script, workerData: null, what: "answer", log: quiet, atOnce: 1, waiting, patienceMs: 1000 },
    ...{ hungOn, heapMegabytes: 64 },
  });
};
afterEach(() => thread.close());

describe("a question that hangs", () => {
  it("is refused itself; all who wait behind it are answered by a fresh thread", async () => {
    open();
    const hung = thread.ask(greedy, "hang");
    const behind = ["a", "b", "c"].map((question) => thread.ask(other, question));
    await expect(hung).rejects.toMatchObject({ code: "over_limit" });
    expect(await Promise.all(behind)).toEqual(["a", "b", "c"]);
  });

  it("holds up another tenant once, whatever else its own tenant has waiting", async () => {
    open();
    const order: string[] = [];
    const hung = Array.from({ length: 3 }, () =>
      thread.ask(greedy, "hang").catch(() => {
        order.push("hung");
      }),
    );
    await thread.ask(other, "hello").then((answer) => order.push(answer));
    await Promise.all(hung);
    expect(order).toEqual(["hung", "hello", "hung", "hung"]);
  });

  it.runIf(process.platform === "linux")("is told from one whose thread had no processor", async () => {
    const shares: (number | null)[] = [];
    open(64, undefined, (share) => {
      shares.push(share);
      return unlessBusy("answer", tooLong)(share);
    });
    await expect(thread.ask(greedy, "sleep")).rejects.toMatchObject({
      code: "overloaded",
      message: expect.stringContaining("% of its time"),
      retryAfterSeconds: 10,
    });
    await expect(thread.ask(greedy, "hang")).rejects.toBeInstanceOf(ServiceError);
    const [asleep, computing] = shares;
    expect(computing).toBeGreaterThan(asleep!);
  });

  it("is refused for good where it was computed all the time, or nobody knows", () => {
    const tooMuch = tooLong();
    const hungOn = unlessBusy("answer", () => tooMuch);
    expect([hungOn(null), hungOn(1), hungOn(0.9)]).toEqual([tooMuch, tooMuch, tooMuch]);
    expect(hungOn(0.5)).toMatchObject({ code: "overloaded", message: expect.stringContaining("for 50 %") });
  });
});

it("a thread that says it is alive has not answered yet", async () => {
  open();
  const asked = ["prepared", "a", "prepared"].map((question) => thread.ask(greedy, question));
  expect(await Promise.all(asked)).toEqual(["prepared", "a", "prepared"]);
});

describe("a question that the thread dies of", () => {
  it("is the only one that is lost", async () => {
    open();
    const lost = thread.ask(greedy, "die");
    const behind = thread.ask(greedy, "a");
    await expect(lost).rejects.toMatchObject({ code: "unavailable" });
    expect(await behind).toBe("a");
  });
});

describe("the line", () => {
  it("refuses one tenant's questions beyond its share, and takes another's", async () => {
    open(8);
    const settled = Promise.allSettled(Array.from({ length: 20 }, (_, i) => thread.ask(greedy, String(i))));
    expect(await thread.ask(other, "hello")).toBe("hello");
    const outcomes = await settled;
    const refused = outcomes.filter(({ status }) => status === "rejected");
    expect(refused).toHaveLength(20 - 1 - 3);
    for (const each of refused) expect(each).toMatchObject({ reason: { code: "overloaded" } });
  });
});

describe("questions of few bytes", () => {
  /** Which of the questions the thread had at once: those that are lost when it dies of the first. */
  const lostWith = async (
    small: { atOnce: number; bytes: number } | undefined,
    bytes: number[],
  ): Promise<boolean[]> => {
    open(64, small);
    const asked = bytes.map((count, i) => thread.ask(greedy, i === 0 ? "die" : "a", [new ArrayBuffer(count)]));
    return (await Promise.allSettled(asked)).map(({ status }) => status === "rejected");
  };

  it("are with the thread together, up to so many", async () => {
    expect(await lostWith({ atOnce: 3, bytes: 105 }, [36, 36, 36, 36])).toEqual([true, true, true, false]);
  });

  it("are asked once more, if they are so few that they were kept, and the one that the thread dies of is lost alone", async () => {
    expect(await lostWith({ atOnce: 3, bytes: 105 }, [35, 35, 35, 35])).toEqual([true, false, false, false]);
  });

  it("are asked once more beside one that the thread hangs on", async () => {
    open(64, { atOnce: 3, bytes: 105 });
    const asked = ["hang", "a", "b", "c"].map((question) => thread.ask(greedy, question, [new ArrayBuffer(1)]));
    const [hung, ...others] = await Promise.allSettled(asked);
    expect(hung).toMatchObject({ status: "rejected", reason: { code: "over_limit" } });
    expect(others).toEqual(["a", "b", "c"].map((value) => ({ status: "fulfilled", value })));
  });

  it("are no longer when they have many bytes together", async () => {
    expect(await lostWith({ atOnce: 3, bytes: 100 }, [1, 100, 1, 1])).toEqual([true, true, false, false]);
  });

  it("are one after the other where nothing is said of them", async () => {
    expect(await lostWith(undefined, [1, 1])).toEqual([true, false]);
  });
});
