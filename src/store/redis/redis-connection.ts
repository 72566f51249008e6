import type { Redis, RedisOptions } from "ioredis";
import { ServiceError } from "../../domain/errors.ts";
import { openRedis, reconnectDelayMs } from "./connection/open-redis.ts";

/** A command that was not answered by then is refused: the API promises its 503 within a second, the way to the client included. */
export const COMMAND_TIMEOUT_MS = 900;

/**
 * For commands whose caller waits: they fail fast. Nothing is queued while Redis is away, nothing that was already refused
 * is sent again later, and a connection that went silent is replaced.
 */
export const createProducerConnection = (url: string, onError: (error: Error) => void): Redis =>
  openRedis(url, {
    options: {
      ...lasting,
      enableOfflineQueue: false,
      commandTimeout: COMMAND_TIMEOUT_MS,
      socketTimeout: 3 * COMMAND_TIMEOUT_MS,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
    },
    waits: false,
    onError,
    onServer: onConnected,
  });

const lasting: RedisOptions = {
  connectTimeout: 2 * COMMAND_TIMEOUT_MS,
  disconnectTimeout: COMMAND_TIMEOUT_MS / 3, // a peer that fell silent does not say goodbye either
  maxRetriesPerRequest: null,
  retryStrategy: reconnectDelayMs,
};

/** For what must outlast an outage: BullMQ's workers (which make further connections of its options), and subscriptions. */
export const createLastingConnection = (url: string, onError: (error: Error) => void): Redis =>
  openRedis(url, {
    options: lasting,
    waits: true,
    onError,
    onServer: (server) => {
      onConnected(server);
      keepAnswering(server);
    },
  });

const LOOK_MS = 1000;
const SILENCE_MS = 3 * COMMAND_TIMEOUT_MS;

/**
 * A connection that waits for ever must notice by itself that its peer is gone without a word, as behind a firewall that dropped
 * it: TCP alone takes a quarter of an hour. One that does not answer a PING is replaced; what it had sent is sent again.
 */
const keepAnswering = (redis: Redis): void => {
  let [answeredMs, asked] = [performance.now(), false];
  let timer: NodeJS.Timeout | undefined;
  const answered = (): void => {
    [answeredMs, asked] = [performance.now(), false];
  };
  const look = (): void => {
    if (redis.status !== "ready" && redis.status !== "connect") {
      answered(); // on its way by itself
    } else if (performance.now() - answeredMs > SILENCE_MS) {
      answered();
      redis.disconnect(true);
    } else if (redis.status === "ready" && !asked) {
      asked = true;
      redis.ping().then(answered, answered);
    }
  };
  redis.on("ready", answered);
  redis.on("connecting", () => {
    timer ??= setInterval(look, LOOK_MS).unref();
  });
  redis.on("end", () => {
    clearInterval(timer);
    timer = undefined;
  });
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

const onConnected = (redis: Redis): void => {
  redis.on("connect", () => writeByTurns(redis.stream));
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
