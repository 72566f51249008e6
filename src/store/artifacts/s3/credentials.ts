import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { ServiceError } from "../../../domain/errors.ts";
import type { Environment } from "./s3-location.ts";
import type { Credentials } from "./sign-v4.ts";
import { textOf } from "./xml.ts";

export type GetCredentials = () => Promise<Credentials>;

interface Held extends Credentials {
  /** When to ask again. */
  untilMs: number;
}

/** A file may be written anew by whoever rotates the keys. */
const FILE_MS = 5 * 60_000;
/** Before they expire: clocks differ, and requests last. */
const EARLY_MS = 5 * 60_000;
const ANSWER_MS = 5000;

const unavailable = (detail: string, cause?: unknown): ServiceError =>
  new ServiceError("unavailable", detail, { cause, retryAfterSeconds: 10 });

const fromEnvironment = (env: Environment): Held | null => {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (!accessKeyId && !secretAccessKey) return null;
  if (!accessKeyId || !secretAccessKey)
    throw unavailable("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together: one of them is not set");
  return {
    ...{ accessKeyId, secretAccessKey, sessionToken: env.AWS_SESSION_TOKEN || null },
    untilMs: Number.POSITIVE_INFINITY,
  };
};

/** A token that the platform (Kubernetes, for example) writes to a file, exchanged for credentials of a role. */
const fromWebIdentity = async (env: Environment, region: string, nowMs: number): Promise<Held | null> => {
  const { AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: role } = env;
  if (!file || !role) return null;
  const token = await readFile(file, "utf8").catch((error: unknown) => {
    throw unavailable(`AWS_WEB_IDENTITY_TOKEN_FILE ${file} cannot be read`, error);
  });
  const form = new URLSearchParams({
    ...{ Action: "AssumeRoleWithWebIdentity", Version: "2011-06-15", RoleArn: role, WebIdentityToken: token.trim() },
    RoleSessionName: env.AWS_ROLE_SESSION_NAME || "descent",
  });
  const endpoint = env.AWS_ENDPOINT_URL_STS || `https://sts.${region}.amazonaws.com/`;
  const answer = await fetch(endpoint, { method: "POST", body: form, signal: AbortSignal.timeout(ANSWER_MS) })
    .then(async (response) => ({ ok: response.ok, xml: await response.text() }))
    .catch((error: unknown) => {
      throw unavailable(`${new URL(endpoint).host} gave no credentials for ${role}: it does not answer`, error);
    });
  const [accessKeyId, secretAccessKey, sessionToken, expires] = [
    ...["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"],
  ].map((name) => textOf(answer.xml, name));
  if (!answer.ok || !accessKeyId || !secretAccessKey || !sessionToken)
    throw unavailable(
      `${new URL(endpoint).host} gave no credentials for ${role}: ${textOf(answer.xml, "Code") ?? "no reason"}; check AWS_ROLE_ARN and the role's trust`,
    );
  const untilMs = Date.parse(expires ?? "") - EARLY_MS;
  return {
    ...{ accessKeyId, secretAccessKey, sessionToken },
    untilMs: Number.isNaN(untilMs) ? nowMs + FILE_MS : untilMs,
  };
};

/** `name = value` lines of one `[section]`. */
const readSection = (text: string, wanted: string): Map<string, string> => {
  const found = new Map<string, string>();
  let section = "";
  for (const line of text.split(/\r?\n/)) {
    const header = /^\s*\[\s*(?:profile\s+)?([^\]]+?)\s*\]/.exec(line);
    if (header !== null) section = header[1]!;
    const pair = /^\s*([a-z_]+)\s*=\s*(.*?)\s*$/.exec(line);
    if (pair !== null && section === wanted) found.set(pair[1]!, pair[2]!);
  }
  return found;
};

/** The file that Amazon's own tools share. */
const fromFile = async (env: Environment, nowMs: number): Promise<Held | null> => {
  const home = env.HOME || homedir();
  const file = env.AWS_SHARED_CREDENTIALS_FILE || join(home, ".aws", "credentials");
  const text = await readFile(file, "utf8").catch(() => null); // there need not be one
  if (text === null) return null;
  const profile = env.AWS_PROFILE || "default";
  const section = readSection(text, profile);
  const accessKeyId = section.get("aws_access_key_id");
  const secretAccessKey = section.get("aws_secret_access_key");
  if (!accessKeyId || !secretAccessKey) throw unavailable(`${file} has no keys for the profile ${profile}`);
  const sessionToken = section.get("aws_session_token") ?? null;
  return { accessKeyId, secretAccessKey, sessionToken, untilMs: nowMs + FILE_MS };
};

/**
 * Credentials from where Amazon's tools look for them: the environment, a web identity, the shared file, in this order. Asked again
 * when they are about to expire, once for all who wait. ServiceError `unavailable` that says what is missing.
 */
export const createCredentials = (env: Environment, region: string, nowMs: () => number = Date.now): GetCredentials => {
  let held: Held | null = null;
  let asking: Promise<Held> | null = null;
  const ask = async (): Promise<Held> => {
    const found =
      fromEnvironment(env) ?? (await fromWebIdentity(env, region, nowMs())) ?? (await fromFile(env, nowMs()));
    if (found === null)
      throw unavailable(
        "there are no credentials for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, or write ~/.aws/credentials",
      );
    return found;
  };
  return async () => {
    if (held !== null && nowMs() < held.untilMs) return held;
    asking ??= ask().finally(() => {
      asking = null;
    });
    held = await asking;
    return held;
  };
};
