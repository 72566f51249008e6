import { ServiceError } from "../../../domain/errors.ts";
import { textOf } from "./xml.ts";

/** What the store answered, where it is not what was asked for. */
export interface Refusal {
  status: number;
  /** S3's own word, such as NoSuchBucket; for an answer without a body, such as HEAD's, the status. */
  code: string;
  xml: string;
  headers: Headers;
}

export const toRefusal = (status: number, headers: Headers, xml: string): Refusal => ({
  ...{ status, headers, xml },
  code: textOf(xml, "Code") ?? String(status),
});

const passing = new Set(["RequestTimeout", "SlowDown", "InternalError", "ServiceUnavailable", "OperationAborted"]);

/** Whether asking again may help. */
export const isPassing = ({ status, code }: Refusal): boolean => status >= 500 || status === 429 || passing.has(code);

const secondsOff = (headers: Headers, nowMs: number): string => {
  const theirs = Date.parse(headers.get("date") ?? "");
  return Number.isNaN(theirs) ? "" : `, by ${Math.round((nowMs - theirs) / 1000)} s`;
};

/** What the operator can do about it. */
const meaningOf = ({ code, xml, headers, status }: Refusal, bucket: string, keyId: string): string => {
  switch (code) {
    case "InvalidAccessKeyId":
      return `the key ${keyId} is not known there: check AWS_ACCESS_KEY_ID`;
    case "SignatureDoesNotMatch":
      return `the secret does not belong to the key ${keyId}: check AWS_SECRET_ACCESS_KEY, and region in ARTIFACT_URL`;
    case "ExpiredToken":
    case "InvalidToken":
      return "the session token is not valid any more: renew the credentials";
    case "RequestTimeTooSkewed":
      return `this machine's clock is wrong${secondsOff(headers, Date.now())}: set it, for example by NTP`;
    case "NoSuchBucket":
      return `there is no bucket ${bucket}: create it, or correct ARTIFACT_URL`;
    case "AuthorizationHeaderMalformed":
    case "PermanentRedirect": {
      const region = textOf(xml, "Region") ?? headers.get("x-amz-bucket-region");
      return `the bucket ${bucket} is in ${region === null ? "another region" : `the region ${region}`}: set region in ARTIFACT_URL`;
    }
    case "AccessDenied":
    case "403":
      return `the key ${keyId} may not do this in the bucket ${bucket}: it needs GetObject, PutObject, DeleteObject, ListBucket and AbortMultipartUpload`;
    case "301":
      return `the bucket ${bucket} is elsewhere: set region or endpoint in ARTIFACT_URL`;
    default:
      return status >= 500 || status === 429 ? "it does not serve now" : "it refuses the request";
  }
};

export const toServiceError = (refusal: Refusal, bucket: string, keyId: string): ServiceError =>
  new ServiceError("unavailable", `the S3 store: ${meaningOf(refusal, bucket, keyId)} (${refusal.code})`, {
    retryAfterSeconds: 10,
  });

/** No answer at all: no name, no connection, no time. */
export const unreachable = (endpoint: URL, error: unknown): ServiceError => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code =
    cause instanceof Error && "code" in cause && typeof cause.code === "string"
      ? cause.code
      : cause instanceof Error
        ? cause.message
        : String(cause);
  return new ServiceError("unavailable", `the S3 store at ${endpoint.host} does not answer (${code})`, {
    cause: error,
    retryAfterSeconds: 10,
  });
};

export const absent = (): ServiceError => new ServiceError("not_found", "there is no such artifact");
