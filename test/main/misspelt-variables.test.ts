import { expect, test } from "vitest";
import { environmentHelp } from "../../src/environment-help.ts";
import { misspeltVariables } from "../../src/main/processes/misspelt-variables.ts";

test.each([
  ["REDIS_URI", "REDIS_URL"],
  ["API_KEY_FILE", "API_KEYS_FILE"],
  ["DATADIR", "DATA_DIR"],
  ["data_dir", "DATA_DIR"],
  ["WORKER", "WORKERS"],
  ["PROT", "PORT"],
  ["DESCENT_PORT", "PORT"],
  ["TRAINER_MEMORY", "TRAINER_MEMORY_BYTES"],
  ["CHECKPIONT_SECONDS", "CHECKPOINT_SECONDS"],
  ["WEBHOOK_SECRETS", "WEBHOOK_SECRET"],
  ["OTEL_EXPORTER_OTLP_ENDPIONT", "OTEL_EXPORTER_OTLP_ENDPOINT"],
])("%s is taken for %s", (name, meant) => {
  expect(misspeltVariables({ [name]: "x" })).toEqual([{ name, hint: meant }]);
});

test("what belongs to others is left alone, and so is what is spelt right", () => {
  const others = [
    "HOME",
    "HOSTNAME",
    ...["DESCENT_URL", "DESCENT_API_KEY", "POST", "SORT"],
    "PATH",
    "TERM",
    "SHELL",
    "LANG",
    "PWD",
    "NODE_ENV",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    ...["OTEL_BSP_SCHEDULE_DELAY", "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_LOGS_EXPORTER", "OTEL_LOG_LEVEL"],
  ];
  const ours = [...environmentHelp.matchAll(/^ {2}([A-Z_]+) /gm)].map(([, name]) => name ?? "");
  expect(ours.length).toBeGreaterThan(20);
  expect(misspeltVariables(Object.fromEntries([...others, ...ours].map((name) => [name, "x"])))).toEqual([]);
});
