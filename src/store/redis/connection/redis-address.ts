import type { RedisOptions } from "ioredis";
import { parseTls } from "./redis-tls.ts";

export interface Endpoint {
  host: string;
  port: number;
}

/**
 * Where a Redis is found, and how: one server, the master that Sentinels name, or a Cluster. `replicas`: how many must have what is acknowledged; left out, as many as Redis itself insists on.
 */
export type RedisAddress = { replicas?: number } & (
  | { kind: "single" | "sentinel"; options: RedisOptions }
  | { kind: "cluster"; nodes: Endpoint[]; options: RedisOptions }
);

const ports = { single: 6379, sentinel: 26_379, cluster: 6379 } as const;

const fault = (line: string): Error => new Error(`REDIS_URL: ${line}`);

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new Error("REDIS_URL: a % in a name, a password or a path must be written %25", { cause });
  }
};

/** `user:password` before the @; a password may hold colons. */
const parseCredentials = (text: string | undefined): Pick<RedisOptions, "username" | "password"> => {
  if (text === undefined || text === "") return {};
  const [, username = "", password = ""] = /^([^:]*):?(.*)$/.exec(text) ?? [];
  return {
    ...(username === "" ? {} : { username: decoded(username) }),
    ...(password === "" ? {} : { password: decoded(password) }),
  };
};

/** `host`, `host:port` or `[::1]:port`. */
const parseEndpoint = (text: string, defaultPort: number): Endpoint => {
  const [, host, port] = /^(\[[0-9a-fA-F:.]+\]|[^:[\]\s]*)(?::(\d{1,5}))?$/.exec(text) ?? [];
  const number = port === undefined ? defaultPort : Number(port);
  if (host === undefined || number > 65_535 || number === 0)
    throw fault(`"${text}" is not an address; write host:port, with commas between several`);
  return { host: host.replace(/^\[|\]$/g, "") || "127.0.0.1", port: number };
};

const parseDatabase = (text: string | undefined): number => {
  if (text === undefined || text === "") return 0;
  if (!/^\d{1,5}$/.test(text)) throw fault("the database after the slash must be a number");
  return Number(text);
};

const parseQuery = (text: string | undefined, known: readonly string[]): Map<string, string> => {
  const query = new Map(new URLSearchParams(text ?? ""));
  const unknown = [...query.keys()].find((name) => !known.includes(name));
  if (unknown === undefined) return query;
  throw fault(
    known.length === 0
      ? `the option ${unknown} is not known; this kind of address has none`
      : `the option ${unknown} is not known; there are ${known.join(", ")}`,
  );
};

const parseReplicas = (text: string | undefined): { replicas?: number } => {
  if (text === undefined) return {};
  if (!/^\d{1,2}$/.test(text))
    throw fault("replicas must be a number, of the replicas that must have what is acknowledged");
  return { replicas: Number(text) };
};

const tlsNames = ["ca", "cert", "key", "servername"] as const;

const parseSentinel = (hosts: Endpoint[], path: string | undefined, query: Map<string, string>): RedisOptions => {
  const [name = "", database, ...more] = (path ?? "").split("/");
  if (name === "" || more.length > 0)
    throw fault(
      "redis+sentinel:// needs the master's name after the Sentinels: redis+sentinel://h1:26379,h2:26379/name",
    );
  const [user, password] = [query.get("sentinelUser"), query.get("sentinelPassword")];
  return {
    sentinels: hosts,
    name: decoded(name),
    db: parseDatabase(database),
    ...(user === undefined ? {} : { sentinelUsername: user }),
    ...(password === undefined ? {} : { sentinelPassword: password }),
  };
};

const forms = "redis://host:port, rediss:// (TLS), redis+sentinel://h1,h2/name, redis+cluster://h1,h2 or unix:///path";

/**
 * `redis://[user:password@]host:port[/db]`, `redis+sentinel://[…@]h1:26379,h2:26379/name[/db]`, `redis+cluster://[…@]h1:6379,h2:6379`,
 * with `rediss` for TLS, and `unix:///path/of/socket`. The rest is as in ioredis. Throws a line for the operator.
 */
export const parseRedisAddress = (url: string): RedisAddress => {
  const [, scheme, authority, path, options] = /^([a-z][a-z+]*):\/\/([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/.exec(url) ?? [];
  if (scheme === undefined || authority === undefined) throw fault(`is not a URL: expected ${forms}`);
  const at = authority.lastIndexOf("@");
  const credentials = parseCredentials(at < 0 ? undefined : authority.slice(0, at));
  const hosts = authority.slice(at + 1);
  if (scheme === "unix") {
    if (path === undefined || hosts !== "") throw fault("unix:// needs the path of a socket: unix:///path");
    parseQuery(options, []);
    return { kind: "single", options: { path: decoded(`/${path}`), ...credentials } };
  }
  const [, secure, form = "single"] = /^redis(s?)(?:\+(sentinel|cluster))?$/.exec(scheme) ?? [];
  if (secure === undefined) throw fault(`${scheme}:// is not supported; use ${forms}`);
  const kind = form as RedisAddress["kind"];
  const known = [
    ...(secure === "s" ? tlsNames : []),
    ...(kind === "sentinel" ? ["sentinelUser", "sentinelPassword"] : []),
    "replicas",
  ];
  if (secure === "" && tlsNames.some((name) => new URLSearchParams(options).has(name)))
    throw fault(`ca, cert, key and servername are for TLS: write ${scheme.replace("redis", "rediss")}://`);
  const query = parseQuery(options, known);
  const tls = secure === "s" ? { tls: parseTls(query) } : {};
  const replicas = parseReplicas(query.get("replicas"));
  const endpoints = hosts.split(",").map((each) => parseEndpoint(each, ports[kind]));
  switch (kind) {
    case "single": {
      const [{ host, port } = { host: "", port: 0 }, ...others] = endpoints;
      if (others.length > 0)
        throw fault(
          "several hosts are Sentinels or a Cluster: write redis+sentinel://h1,h2/name or redis+cluster://h1,h2",
        );
      return { kind, ...replicas, options: { host, port, db: parseDatabase(path), ...credentials, ...tls } };
    }
    case "sentinel": {
      const secured = "tls" in tls ? { ...tls, sentinelTLS: tls.tls, enableTLSForSentinelMode: true } : {};
      return { kind, ...replicas, options: { ...parseSentinel(endpoints, path, query), ...credentials, ...secured } };
    }
    case "cluster":
      if ((path ?? "") !== "") throw fault("a Cluster has no databases and no name: end the address after its hosts");
      return { kind, ...replicas, nodes: endpoints, options: { ...credentials, ...tls } };
  }
};
