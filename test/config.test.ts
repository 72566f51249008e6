import { describe, expect, test } from "vitest";
import { environmentHelp, parseConfig, StartError } from "../src/config.ts";

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

  test.each([
    [{ PORT: "80x" }, "PORT=80x: must be a whole number from 0 to 65535"],
    [{ PORT: "70000" }, "PORT=70000: must be at most 65535"],
    [{ WORKERS: "-1" }, "WORKERS=-1: must be at least 0"],
    [{ CHECKPOINT_SECONDS: "0" }, "CHECKPOINT_SECONDS=0: must be above 0"],
    [{ REDIS_URL: "localhost:6379" }, "REDIS_URL=localhost:6379: must be a URL such as redis://127.0.0.1:6379"],
    [{ LOG_LEVEL: "loud" }, "LOG_LEVEL=loud: must be trace, debug, info, warn, error or silent"],
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

  test("help lists every variable", () => {
    for (const name of ["PORT", "GRPC_PORT", "DATA_DIR", "REDIS_URL", "ARTIFACT_URL", "WORKERS", "API_KEYS_FILE"]) {
      expect(environmentHelp).toContain(`  ${name} `);
    }
  });
});
