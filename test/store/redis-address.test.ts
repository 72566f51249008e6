import { describe, expect, it } from "vitest";
import { parseRedisAddress } from "../../src/store/redis/connection/redis-address.ts";
import { remedyFor } from "../../src/store/redis/connection/redis-remedies.ts";

describe("the address of a Redis", () => {
  it.each([
    ["redis://127.0.0.1:6379", { host: "127.0.0.1", port: 6379, db: 0 }],
    ["redis://db", { host: "db", port: 6379, db: 0 }],
    ["redis://:p%40ss:w@db:1/3", { host: "db", port: 1, db: 3, password: "p@ss:w" }],
    ["redis://ada:pw@[::1]:7000", { host: "::1", port: 7000, db: 0, username: "ada", password: "pw" }],
    ["unix:///run/a%20b.sock", { path: "/run/a b.sock" }],
    ["rediss://db:6380?servername=redis.corp", { host: "db", port: 6380, db: 0, tls: { servername: "redis.corp" } }],
  ])("of one server: %s", (url, options) => {
    expect(parseRedisAddress(url)).toEqual({ kind: "single", options });
  });

  it("of Sentinels, with the master's name, its database, and passwords of both", () => {
    expect(parseRedisAddress("redis+sentinel://u:p@h1,h2:26380/jobs/2?sentinelUser=s&sentinelPassword=t%26u")).toEqual({
      kind: "sentinel",
      options: {
        sentinels: [
          { host: "h1", port: 26_379 },
          { host: "h2", port: 26_380 },
        ],
        ...{ name: "jobs", db: 2, username: "u", password: "p", sentinelUsername: "s", sentinelPassword: "t&u" },
      },
    });
    expect(parseRedisAddress("rediss+sentinel://h1/jobs").options).toMatchObject({
      ...{ tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true },
    });
  });

  it("of a Cluster: some of its servers", () => {
    expect(parseRedisAddress("redis+cluster://h1?replicas=2")).toMatchObject({ kind: "cluster", replicas: 2 });
    expect(parseRedisAddress("rediss+cluster://:p@h1:7000,h2")).toEqual({
      kind: "cluster",
      nodes: [
        { host: "h1", port: 7000 },
        { host: "h2", port: 6379 },
      ],
      options: { password: "p", tls: {} },
    });
  });

  it.each([
    ["localhost:6379", "is not a URL"],
    ["http://db", "http:// is not supported; use redis://host:port"],
    ["redis+ring://db", "redis+ring:// is not supported"],
    ["redis://db:99999", '"db:99999" is not an address; write host:port'],
    ["redis://db/x", "the database after the slash must be a number"],
    ["redis://:50%@db", "must be written %25"],
    ["redis://h1,h2", "write redis+sentinel://h1,h2/name or redis+cluster://h1,h2"],
    ["redis+sentinel://h1,h2", "needs the master's name after the Sentinels"],
    ["redis+cluster://h1/0", "a Cluster has no databases and no name"],
    ["redis://db?replicas=all", "replicas must be a number"],
    ["unix://db", "unix:// needs the path of a socket"],
    ["redis://db?ca=/ca.pem", "are for TLS: write rediss://"],
    ["rediss://db?cacert=/ca.pem", "the option cacert is not known; there are ca, cert, key, servername"],
    ["rediss://db?ca=/nowhere/ca.pem", "ca=/nowhere/ca.pem cannot be read (ENOENT)"],
    [`rediss://db?ca=${import.meta.filename}`, "is not PEM"],
  ])("%s is refused with a line that says what to do", (url, line) => {
    expect(() => parseRedisAddress(url)).toThrow(/^REDIS_URL: /);
    expect(() => parseRedisAddress(url)).toThrow(line);
  });
});

describe("what an operator is told to do", () => {
  it.each([
    ["NOAUTH Authentication required.", "user:password@host"],
    ["WRONGPASS invalid username-password pair or user is disabled.", "password is wrong"],
    ["NOPERM this user has no permissions to run the 'info' command", "/docs/redis"],
    ["unable to verify the first certificate", "?ca="],
    ["self-signed certificate in certificate chain", "?ca="],
    ["Hostname/IP does not match certificate's altnames: IP: 10.0.0.1 is not in the cert's list", "servername"],
    ["connect ECONNREFUSED 127.0.0.1:1", "start it"],
  ])("%s", (reason, remedy) => {
    expect(remedyFor(reason)).toContain(remedy);
  });

  it("is to show a certificate where TLS breaks off and none was shown: the alert may be lost with the connection", () => {
    for (const reason of ["write ECONNRESET", "read ECONNRESET", "write EPIPE"]) {
      expect(remedyFor(reason, { isTls: true })).toContain("add ?cert=/path/client.pem&key=");
      expect(remedyFor(reason, { isTls: true, isKnown: true })).toBe("");
      expect(remedyFor(reason)).toBe("");
    }
  });

  it("is nothing where nothing is known", () => {
    expect(remedyFor("the moon is full")).toBe("");
  });
});
