import { describe, expect, test } from "vitest";
import { parseConfig, StartError } from "../src/config.ts";
import { environmentHelp } from "../src/environment-help.ts";

const lineOf = (env: Record<string, string>): string => {
  try {
    parseConfig(env);
  } catch (error) {
    expect(error).toBeInstanceOf(StartError);
    return String((error as StartError).message);
  }
  throw new Error("it was accepted");
};

describe("the configuration", () => {
  test("an empty environment is a complete one, and an empty variable an unset one", () => {
    const config = parseConfig({ PORT: "", REDIS_URL: "" });
    expect(config).toMatchObject({ port: 8080, grpcPort: 50051, host: "127.0.0.1", redisUrl: null, workers: 1 });
    expect(config.artifactUrl).toMatch(/^file:\/\/\/.*\/data\/artifacts$/);
  });

  test("trainers share what the machine or the container gives: ¾ of its memory together, all cores each", () => {
    const machine = { cores: 6, memoryBytes: 4096 * 1024 ** 2 };
    expect(parseConfig({}, machine)).toMatchObject({ trainerThreads: 6, trainerMemoryBytes: 3072 * 1024 ** 2 });
    expect(parseConfig({ WORKERS: "3" }, machine)).toMatchObject({ trainerMemoryBytes: 1024 ** 3 });
    expect(parseConfig({ TRAINER_THREADS: "2", WORKERS: "0" }, machine)).toMatchObject({
      ...{ trainerThreads: 2, trainerMemoryBytes: 3072 * 1024 ** 2 },
    });
  });

  test.each([
    [{ PORT: "80x" }, "PORT=80x: must be a whole number from 0 to 65535"],
    [{ PORT: "70000" }, "PORT=70000: must be at most 65535"],
    [{ WORKERS: "-1" }, "WORKERS=-1: must be at least 0"],
    [{ CHECKPOINT_SECONDS: "0" }, "CHECKPOINT_SECONDS=0: must be above 0"],
    [{ REDIS_URL: "localhost:6379" }, "REDIS_URL=localhost:6379: must be a URL such as redis://127.0.0.1:6379"],
    [{ LOG_LEVEL: "loud" }, "LOG_LEVEL=loud: must be trace, debug, info, warn, error or silent"],
    [
      { WEBHOOK_SECRET: "guess me" },
      "WEBHOOK_SECRET=…: must be at least 32 characters, such as: openssl rand -base64 32",
    ],
    [
      { WEBHOOK_PRIVATE_HOSTS: "http://hooks" },
      "WEBHOOK_PRIVATE_HOSTS=http://hooks: must be host names or addresses, such as hooks.internal,*.corp.example or *",
    ],
    [
      { WEBHOOK_RETRY_SECONDS: "5,soon" },
      "WEBHOOK_RETRY_SECONDS=5,soon: must be seconds between commas, such as 5,300,1800",
    ],
    [{ PORT: "7000", GRPC_PORT: "7000" }, "PORT and GRPC_PORT are both 7000: give one of them another number"],
  ])("%j is refused with one line that names the variable and the remedy", (env, line) => {
    expect(lineOf(env)).toBe(line);
  });

  test("does not listen beyond this machine without API keys", () => {
    expect(lineOf({ HOST: "0.0.0.0" })).toMatch(/^HOST=0\.0\.0\.0: .*API_KEYS_FILE/);
    expect(parseConfig({ HOST: "0.0.0.0", API_KEYS_FILE: "keys.json" }).host).toBe("0.0.0.0");
  });

  test("a secret in a bad URL is not shown", () => {
    expect(lineOf({ REDIS_URL: "http://user:secret@host" })).not.toContain("secret");
  });

  test("webhooks are retried for three days, as Standard Webhooks suggests, or as configured", () => {
    const { retryMs, secrets, privateHosts } = parseConfig({}).webhooks;
    expect(retryMs).toEqual(
      [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400].map((seconds) => seconds * 1000),
    );
    expect([secrets, privateHosts]).toEqual([[], []]);
    const [first, second] = ["a", "b"].map((letter) => letter.repeat(32));
    const configured = {
      ...{ WEBHOOK_SECRET: `${first}, ${second}`, WEBHOOK_PRIVATE_HOSTS: "10.0.0.1,[::1],*.corp.example,hooks_1" },
      WEBHOOK_RETRY_SECONDS: "0.5, 2",
    };
    expect(parseConfig(configured).webhooks).toEqual({
      ...{ secrets: [first, second], retryMs: [500, 2000] },
      privateHosts: ["10.0.0.1", "[::1]", "*.corp.example", "hooks_1"],
    });
  });

  test("MLflow is asked with a name and password, from the address too, or a token, and not without an address", () => {
    expect(parseConfig({ MLFLOW_TRACKING_USERNAME: "me" }).mlflow).toBeNull();
    const basic = `Basic ${Buffer.from("me:se cret").toString("base64")}`;
    const at = { uri: "https://mlflow.example/at/", experiment: "descent" };
    const inAddress = { MLFLOW_TRACKING_URI: "https://me:se%20cret@mlflow.example/at/" };
    expect(parseConfig(inAddress).mlflow).toEqual({ ...at, authorization: basic });
    const bare = { MLFLOW_TRACKING_URI: at.uri };
    const login = { MLFLOW_TRACKING_USERNAME: "me", MLFLOW_TRACKING_PASSWORD: "se cret" };
    expect(parseConfig({ ...bare, ...login }).mlflow).toEqual({ ...at, authorization: basic });
    const token = { MLFLOW_TRACKING_TOKEN: "abc", MLFLOW_EXPERIMENT_NAME: "ours" };
    expect(parseConfig({ ...bare, ...token }).mlflow).toEqual({
      ...at,
      experiment: "ours",
      authorization: "Bearer abc",
    });
    expect(lineOf({ ...bare, ...login, ...token })).toMatch(/^MLFLOW_TRACKING_TOKEN is set, and so is a user name/);
    expect(lineOf({ MLFLOW_TRACKING_URI: "http://" })).toMatch(/^MLFLOW_TRACKING_URI=http:\/\/: must be a URL/);
  });

  test("OpenTelemetry is off without a collector, each half can be, and what could not be sent is refused", () => {
    const at = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" };
    const both = { traces: true, metrics: true, metricsEveryMs: 60_000 };
    expect(parseConfig({ OTEL_SERVICE_NAME: "mine", OTEL_EXPORTER_OTLP_ENDPOINT: "" }).telemetry).toBeNull();
    expect(parseConfig(at).telemetry).toEqual(both);
    expect(parseConfig({ ...at, OTEL_TRACES_EXPORTER: "none" }).telemetry).toEqual({ ...both, traces: false });
    expect(parseConfig({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://a.example/v1/traces" }).telemetry).toEqual({
      ...both,
      metrics: false,
    });
    expect(parseConfig({ ...at, OTEL_SDK_DISABLED: "TRUE" }).telemetry).toBeNull();
    expect(parseConfig({ ...at, OTEL_METRIC_EXPORT_INTERVAL: "500" }).telemetry?.metricsEveryMs).toBe(500);
    expect(lineOf({ ...at, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" })).toMatch(/PROTOCOL=grpc: must be http\/protobuf/);
    expect(lineOf({ ...at, OTEL_TRACES_EXPORTER: "jaeger" })).toMatch(/EXPORTER=jaeger: must be otlp or none/);
    expect(lineOf({ ...at, OTEL_TRACES_SAMPLER: "sometimes" })).toMatch(/SAMPLER=sometimes: must be one of always_on/);
    expect(lineOf({ ...at, OTEL_TRACES_SAMPLER_ARG: "2" })).toMatch(/SAMPLER_ARG=2: must be at most 1/);
    expect(lineOf({ OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" })).toMatch(/ENDPOINT=collector:4318: must be a URL/);
  });

  test("TLS needs both files, and client certificates need TLS", () => {
    expect(parseConfig({}).tls).toBeNull();
    const both = { TLS_CERT_FILE: "/etc/cert.pem", TLS_KEY_FILE: "/etc/key.pem" };
    expect(parseConfig(both).tls).toEqual({ cert: "/etc/cert.pem", key: "/etc/key.pem", clientCa: null });
    expect(parseConfig({ ...both, GRPC_CLIENT_CA_FILE: "/etc/ca.pem" }).tls?.clientCa).toBe("/etc/ca.pem");
    expect(lineOf({ ...both, TLS_KEY_FILE: "" })).toMatch(/^TLS_CERT_FILE is set and TLS_KEY_FILE is not/);
    expect(lineOf({ GRPC_CLIENT_CA_FILE: "ca.pem" })).toMatch(/^GRPC_CLIENT_CA_FILE: .*TLS_CERT_FILE/);
    expect(lineOf({ ...both, HOST: "0.0.0.0", GRPC_CLIENT_CA_FILE: "/etc/ca.pem" })).toContain("API_KEYS_FILE");
  });

  test("a trainer has no metrics port unless one is named", () => {
    expect(parseConfig({ TRAINER_METRICS_PORT: "0" }).trainerMetrics).toBeNull();
    expect(parseConfig({ TRAINER_METRICS_PORT: "9464" }).trainerMetrics).toEqual({ host: "127.0.0.1", port: 9464 });
  });

  test("help lists every variable", () => {
    for (const name of ["PORT", "GRPC_PORT", "DATA_DIR", "REDIS_URL", "ARTIFACT_URL", "WORKERS", "API_KEYS_FILE"]) {
      expect(environmentHelp).toContain(`  ${name} `);
    }
  });
});
