import type { Tracing } from "../../domain/observing/tracing.ts";
import type { MetricsRegistry } from "../observing/registry.ts";

export interface Telemetry {
  tracing: Tracing;
  /** Sends what is left, for a moment at most. */
  close(): Promise<void>;
}

export interface TelemetryOptions {
  role: "api" | "trainer";
  /** Of this process. */
  name: string;
  /** What `/metrics` shows. */
  registry: MetricsRegistry;
}
