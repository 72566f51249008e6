import type { Logger } from "pino";

/** How an export ended; `code` 0: it arrived. */
interface ExportEnd {
  code: number;
  error?: Error;
}

/** The part of an exporter in which spans and metrics are alike. */
interface Exporter<Items> {
  export(items: Items, done: (end: ExportEnd) => void): void;
}

/** A collector that cannot be reached is said once, and once that it answers again: it harms nothing else. */
export const tellTrouble = (log: Logger): ((what: string, end: ExportEnd) => void) => {
  const away = new Set<string>();
  return (what, { code, error }) => {
    if (code === 0) {
      if (away.delete(what)) log.info({ telemetry: what }, `the OpenTelemetry collector takes ${what} again`);
      return;
    }
    if (away.has(what)) return;
    away.add(what);
    const reason = error?.message === "" || error === undefined ? "no answer" : error.message;
    log.warn(
      { telemetry: what },
      `the OpenTelemetry collector takes no ${what} (${reason}); what it does not take is lost, and nothing else; see OTEL_EXPORTER_OTLP_ENDPOINT`,
    );
  };
};

/** The exporter itself, whose ends are told of. */
export const watchExporter = <Items, E extends Exporter<Items>>(exporter: E, told: (end: ExportEnd) => void): E => {
  const send = exporter.export.bind(exporter);
  exporter.export = (items, done) =>
    send(items, (end) => {
      told(end);
      done(end);
    });
  return exporter;
};
