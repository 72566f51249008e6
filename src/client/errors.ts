import type { DescentErrorCode, FieldError } from "./types.ts";

/** What a request that failed tells: `code` for programs, `message` for people, `errors` with a pointer to each fault of what was sent. */
export class DescentError extends Error {
  /** HTTP's; 0: there was no answer. */
  readonly status: number;
  readonly code: DescentErrorCode;
  readonly errors: readonly FieldError[];
  readonly retryAfterSeconds: number | null;
  /** Under which the service has logged it. */
  readonly requestId: string | null;

  constructor(
    message: string,
    facts: {
      status: number;
      code: DescentErrorCode;
      errors?: readonly FieldError[];
      retryAfterSeconds?: number | null;
      requestId?: string | null;
      cause?: unknown;
    },
  ) {
    super(message, facts.cause === undefined ? {} : { cause: facts.cause });
    this.name = "DescentError";
    this.status = facts.status;
    this.code = facts.code;
    this.errors = facts.errors ?? [];
    this.retryAfterSeconds = facts.retryAfterSeconds ?? null;
    this.requestId = facts.requestId ?? null;
  }
}

interface Problem {
  title?: string;
  detail?: string;
  code?: DescentErrorCode;
  errors?: FieldError[];
}

const parseProblem = (text: string): Problem => {
  try {
    const problem: unknown = JSON.parse(text);
    return typeof problem === "object" && problem !== null ? problem : {};
  } catch (error) {
    // A proxy's page, not the service's document.
    if (error instanceof SyntaxError) return {};
    throw error;
  }
};

/** An answer that is no success, as an error. */
export const toError = (status: number, text: string, header: (name: string) => string | null): DescentError => {
  const { detail, title, code, errors } = parseProblem(text);
  const after = Number(header("retry-after") ?? Number.NaN);
  return new DescentError(detail ?? title ?? `the service answered ${status}: ${text.slice(0, 200)}`, {
    status,
    code: code ?? (status >= 500 ? "unavailable" : "malformed"),
    errors: errors ?? [],
    retryAfterSeconds: Number.isFinite(after) ? after : null,
    requestId: header("x-request-id"),
  });
};

/** Why nothing answered, with what to do about it. */
export const noAnswer = (url: string, cause: unknown): DescentError => {
  const code = String((cause as { cause?: { code?: unknown } } | null)?.cause?.code ?? "");
  const reason =
    url !== "" && !/^https?:\/\//i.test(url)
      ? `"${url}" is no address of a service: it begins with http:// or https://`
      : /CERT|UNABLE_TO_VERIFY/.test(code)
        ? `the certificate of ${url} is not trusted (${code}): set NODE_EXTRA_CA_CERTS to the file of its authority`
        : code === "UND_ERR_SOCKET" && url.startsWith("http:")
          ? `${url} hung up; if it speaks TLS, its URL begins with https://`
          : `no service answers at ${url === "" ? "this server" : url}; start one with npm start, or set DESCENT_URL`;
  return new DescentError(reason, { status: 0, code: "connection", cause });
};

/** Answers that a while later may be others. */
export const isPassing = ({ status, code }: DescentError): boolean =>
  ["connection", "interrupted"].includes(code) || [408, 429, 502, 503, 504].includes(status);
