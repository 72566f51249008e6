import { Redis, type RedisOptions } from "ioredis";
import { ServiceError } from "../../domain/errors.ts";

/** A command that was not answered by then is refused: the API promises its 503 within a second, the way to the client included. */
export const COMMAND_TIMEOUT_MS = 900;

/** 100 ms, 200 ms … 1 s: the service resumes within the promised 3 s of Redis's return. */
export const reconnectDelayMs = (times: number): number => Math.min(50 * 2 ** times, 1000);

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new Error("REDIS_URL: a % in a name, a password or a path must be written %25", { cause });
  }
};

/**
 * `redis://[user:password@]host:port[/db]`, `rediss://` (TLS), `unix:///path/of/socket`. The rest is as in ioredis.
 * Throws a line for the operator.
 */
export const parseRedisUrl = (url: string): RedisOptions => {
  if (!URL.canParse(url)) throw new Error("REDIS_URL is not a URL: expected redis://host:port or unix:///path");
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  const credentials = {
    ...(username === "" ? {} : { username: decoded(username) }),
    ...(password === "" ? {} : { password: decoded(password) }),
  };
  if (protocol === "unix:") {
    if (!pathname.startsWith("/")) throw new Error("REDIS_URL: unix:// needs the path of a socket: unix:///path");
    return { path: decoded(pathname), ...credentials };
  }
  if (protocol !== "redis:" && protocol !== "rediss:") {
    throw new Error(`REDIS_URL: ${protocol}// is not supported; use redis://, rediss:// or unix://`);
  }
  const db = pathname.length > 1 ? Number(pathname.slice(1)) : 0;
  if (!Number.isInteger(db) || db < 0) throw new Error("REDIS_URL: the database after the slash must be a number");
  return {
    host: hostname.replace(/^\[|\]$/g, "") || "127.0.0.1",
    port: port === "" ? 6379 : Number(port),
    db,
    ...credentials,
    ...(protocol === "rediss:" ? { tls: {} } : {}),
  };
};

/**
 * For commands whose caller waits: they fail fast. Nothing is queued while Redis is away, nothing that was already refused
 * is sent again later, and a connection that went silent is replaced.
 */
export const createProducerConnection = (url: string, onError: (error: Error) => void): Redis =>
  connect(
    {
      ...workerOptions(url),
      enableOfflineQueue: false,
      commandTimeout: COMMAND_TIMEOUT_MS,
      socketTimeout: 3 * COMMAND_TIMEOUT_MS,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
    },
    onError,
  );

/** For what must outlast an outage: BullMQ's workers (which make their connections of these options), and subscriptions. */
export const workerOptions = (url: string): RedisOptions => ({
  ...parseRedisUrl(url),
  connectTimeout: 2 * COMMAND_TIMEOUT_MS,
  disconnectTimeout: COMMAND_TIMEOUT_MS / 3, // a peer that fell silent does not say goodbye either
  maxRetriesPerRequest: null,
  retryStrategy: reconnectDelayMs,
});

export const createLastingConnection = (url: string, onError: (error: Error) => void): Redis => {
  const redis = connect(workerOptions(url), onError);
  keepAnswering(redis);
  return redis;
};

const LOOK_MS = 1000;
const SILENCE_MS = 3 * COMMAND_TIMEOUT_MS;

/**
 * A connection that waits for ever must notice by itself that its peer is gone without a word, as behind a firewall that dropped
 * it: TCP alone takes a quarter of an hour. One that does not answer a PING is replaced; what it had sent is sent again.
 */
const keepAnswering = (redis: Redis): void => {
  let [answeredMs, asked] = [performance.now(), false];
  const answered = (): void => {
    [answeredMs, asked] = [performance.now(), false];
  };
  redis.on("ready", answered);
  const timer = setInterval(() => {
    if (redis.status === "end") return clearInterval(timer);
    if (redis.status !== "ready" && redis.status !== "connect") return answered(); // on its way by itself
    if (performance.now() - answeredMs > SILENCE_MS) {
      answered();
      redis.disconnect(true);
    } else if (redis.status === "ready" && !asked) {
      asked = true;
      redis.ping().then(answered, answered);
    }
  }, LOOK_MS);
  timer.unref();
};

/**
 * ioredis writes each command by itself. Under load that is a system call apiece, a tenth of the process's time: what a turn of the
 * event loop asks for goes out together at the end of it, which for a single command is at once.
 */
const writeByTurns = (stream: Redis["stream"]): void => {
  const write = stream.write.bind(stream);
  let corked = false;
  stream.write = ((...args: Parameters<typeof write>): boolean => {
    if (!corked) {
      corked = true;
      stream.cork();
      setImmediate(() => {
        corked = false;
        stream.uncork();
      });
    }
    return write(...args);
  }) as typeof stream.write;
};

const connect = (options: RedisOptions, onError: (error: Error) => void): Redis => {
  const redis = new Redis({ ...options, replyMapping: "legacy" });
  redis.on("connect", () => writeByTurns(redis.stream));
  // Without a listener each failed attempt to reconnect would end the process.
  redis.on("error", onError);
  return redis;
};

/** Resolves when commands can be sent; `unavailable` after `limitMs`. */
export const waitForRedis = async (redis: Redis, limitMs: number): Promise<void> => {
  if (redis.status === "ready") return;
  await new Promise<void>((resolve, reject) => {
    const ready = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      redis.off("ready", ready);
      reject(new ServiceError("unavailable", `Redis did not answer within ${limitMs / 1000} s`));
    }, limitMs);
    redis.once("ready", ready);
  });
};
