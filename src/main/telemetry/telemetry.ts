import type { Logger } from "pino";
import { noTracing } from "../../domain/observing/tracing.ts";
import type { TelemetryConfig } from "../../telemetry-fields.ts";
import type { Telemetry, TelemetryOptions } from "./telemetry-options.ts";

/** Spans and numbers for a collector, where there is one; else nothing, at no cost: not even the modules are loaded. */
export const startTelemetry = async (
  config: TelemetryConfig | null,
  options: TelemetryOptions,
  log: Logger,
): Promise<Telemetry> => {
  if (config === null) return { tracing: noTracing, close: async () => {} };
  const { startOpenTelemetry } = await import("./open-telemetry.ts");
  return startOpenTelemetry(config, options, log);
};
