import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createScrub, secretsOf } from "../../../src/main/observing/scrub.ts";

const scrub = createScrub([]);

describe("what is taken out of a log line", () => {
  it.each([
    [{ err: { message: "connect redis://:hunter2@db:6379/0 failed" } }, "hunter2"],
    [{ url: "rediss://user:p%40ss-word@db/1" }, "p%40ss-word"],
    [{ msg: "Authorization: Bearer abc.def-ghi" }, "abc.def-ghi"],
    [{ req: { headers: { authorization: "Bearer xyz", cookie: "sid=abcdef" } } }, "abcdef"],
    [{ a: { b: { c: { d: { password: 'quo"zwo\\pass' } } } } }, "zwo"],
    [{ metadata: { authorization: ["Bearer one", "two-two"] } }, "two-two"],
    [{ err: { command: { name: "auth", args: ["user", 'pass"]word'] } } }, "word"],
    [
      { err: { command: { args: ["s", { type: "Buffer", data: [7, 8] }, "hunter2", [["]"]]], name: "eval" } } },
      "hunter2",
    ],
    [{ token: [["one"], "hunter2"], args: [] }, "hunter2"],
    [{ key: `it was dsc_${"k".repeat(43)}, they said` }, "kkkk"],
    [{ secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }, "MfKQ9r8"],
    [{ url: "https://b.s3.example/x?X-Amz-Credential=AKIA%2F2026&X-Amz-Signature=0a1b2c&a=1" }, "0a1b2c"],
  ])("%j", (record, secret) => {
    const line = scrub(JSON.stringify(record));
    expect(line).not.toContain(secret);
    expect(JSON.parse(line)).toBeTypeOf("object");
  });

  it("is nothing of an ordinary line", () => {
    const line = JSON.stringify({
      ...{
        level: "info",
        time: "2026-11-25T03:00:00.000Z",
        requestId: "req_1",
        tenant: "acme",
        job: "job_1",
        key: "ci",
      },
      ...{ msg: "job started", nextPageToken: "abc", url: "https://example.org/a@b", file: "/data/a.csv" },
    });
    expect(scrub(line)).toBe(line);
  });

  it("is what the environment names as a secret, wherever it stands and however JSON writes it", () => {
    const property = fc.property(fc.string({ minLength: 6 }), fc.string(), fc.string(), (secret, before, after) => {
      fc.pre(!"[redacted]".includes(secret) && !`{"msg":""}`.includes(secret));
      const known = createScrub(secretsOf({ AWS_SECRET_ACCESS_KEY: secret }));
      const line = known(JSON.stringify({ msg: `${before}${secret}${after}` }));
      const text = JSON.stringify(secret).slice(1, -1);
      return !line.replaceAll("[redacted]", "").includes(text) || `${before}${after}`.includes(secret);
    });
    fc.assert(property, { seed: 20261125, numRuns: 500 });
  });

  it("is the password of REDIS_URL, as it is written there and as Redis is told it", () => {
    const known = createScrub(secretsOf({ REDIS_URL: "redis://:tr%C3%A4ume1@db:6379" }));
    expect(known("AUTH träume1, or tr%C3%A4ume1")).toBe("AUTH [redacted], or [redacted]");
    expect(secretsOf({ API_KEYS_FILE: "keys.json", TLS_KEY_FILE: "key.pem", PATH: "/usr/bin" })).toEqual([]);
  });
});
