import { Gauge } from "prom-client";
import type { Log } from "../../domain/log.ts";
import { fullness, type RedisMemory } from "../../store/redis/redis-memory.ts";
import type { MetricsRegistry } from "./registry.ts";

type ReadMemory = () => Promise<RedisMemory>;

/** Redis refuses writes when its memory is full, as it may delete nothing: there must be time to do something about it. */
const warnFrom = 0.75;
const lookMs = 30_000;
const MIB = 1024 ** 2;

/** A line when Redis becomes three quarters full, once until there is room again. */
export const createMemoryWarning = (read: ReadMemory, log: Log): (() => Promise<void>) => {
  let warned = false;
  return async () => {
    const memory = await read().catch(() => null); // an outage is told by what needs Redis more
    if (memory === null) return;
    const isFull = fullness(memory) >= warnFrom;
    if (isFull && !warned) {
      const mib = (bytes: number | null) => Math.round((bytes ?? 0) / MIB);
      log.warn(
        { usedBytes: memory.usedBytes, limitBytes: memory.limitBytes },
        `Redis uses ${mib(memory.usedBytes)} of ${mib(memory.limitBytes)} MiB; when it is full, submissions are refused: raise maxmemory, or set RETENTION_DAYS`,
      );
    }
    warned = isFull;
  };
};

export const startMemoryWarning = (read: ReadMemory, log: Log): (() => void) => {
  const look = createMemoryWarning(read, log);
  void look();
  const timer = setInterval(() => void look(), lookMs);
  return () => clearInterval(timer);
};

export const addMemoryGauges = (registry: MetricsRegistry, read: ReadMemory): void => {
  const gauge = (name: string, help: string, of: (memory: RedisMemory) => number | null): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        // While Redis is away nothing is known: no number is better than an old one.
        this.reset();
        const memory = await read().catch(() => null);
        const value = memory === null ? null : of(memory);
        if (value !== null) this.set(value);
      },
    });
  };
  gauge("descent_redis_memory_bytes", "Bytes that Redis uses", ({ usedBytes }) => usedBytes);
  gauge(
    "descent_redis_memory_limit_bytes",
    "Its maxmemory, or the memory of its machine",
    ({ limitBytes }) => limitBytes,
  );
};
