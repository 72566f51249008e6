import { z } from "zod";

/** What a variable of the environment may hold: each field says what is wrong in words that name the remedy. */

export const MIB = 1024 ** 2;

/** An unset variable and an empty one are the same: `PORT= npm start` means the default. */
export const blank = (value: unknown) => (value === "" ? undefined : value);
export const text = z.preprocess(blank, z.string().optional());
const wholeIn = (from: number, to: number) =>
  z
    .int(`must be a whole number from ${from} to ${to}`)
    .min(from, `must be at least ${from}`)
    .max(to, `must be at most ${to}`);
const toWhole = (value: unknown): unknown =>
  typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : blank(value);
export const whole = (from: number, to: number, fallback: number) =>
  z.preprocess(toWhole, wholeIn(from, to).default(fallback));
/** For a default that depends on something else. */
export const wholeOrUnset = (from: number, to: number) => z.preprocess(toWhole, wholeIn(from, to).optional());
export const seconds = (fallback: number) =>
  z.preprocess(
    (value) => (typeof value === "string" && /^\d+(\.\d+)?$/.test(value) ? Number(value) : blank(value)),
    z
      .number("must be a number of seconds above 0, such as 10 or 0.5")
      .positive("must be above 0")
      .max(86_400, "must be at most 86400")
      .default(fallback),
  );
export const url = (schemes: readonly string[], example: string) =>
  z.preprocess(
    blank,
    z
      .string()
      .refine(
        (value) => schemes.some((scheme) => value.startsWith(`${scheme}:`)) && URL.canParse(value),
        `must be a URL such as ${example}`,
      )
      .optional(),
  );
/** Several hosts with commas are no URL of the standard: what follows the scheme is read where Redis is. */
export const redisUrl = z.preprocess(
  blank,
  z
    .string()
    .regex(/^(rediss?(\+(sentinel|cluster))?|unix):\/\//, "must be a URL such as redis://127.0.0.1:6379")
    .optional(),
);
/** Comma-separated; what is between the commas is trimmed. */
export const list = <T extends z.ZodType>(each: T) =>
  z.preprocess(
    (value) => (typeof value === "string" && value !== "" ? value.split(",").map((part) => part.trim()) : undefined),
    z.array(each).max(64, "must have at most 64 entries").default([]),
  );
export const webhookSecret = z.string().min(32, "must be at least 32 characters, such as: openssl rand -base64 32");
export const hostPattern = z
  .string()
  .regex(/^(\*|(\*\.)?[\w.:[\]-]+)$/, "must be host names or addresses, such as hooks.internal,*.corp.example or *");
export const retrySeconds = z
  .string()
  .regex(/^\d+(\.\d+)?$/, "must be seconds between commas, such as 5,300,1800")
  .transform(Number)
  .refine((value) => value <= 30 * 86_400, "must be at most 30 days each");

export const rateLimit = z
  .string()
  .regex(
    /^(read|submit|admin|predict)=[1-9]\d{0,6}(:[1-9]\d{0,6})?$/,
    "must be name=per second:burst between commas, such as read=100:400,predict=1000, with the names read, submit, admin, predict",
  )
  .transform((text) => {
    const [name = "", perSecond = "", burst = perSecond] = text.split(/[=:]/);
    return [name, { perSecond: Number(perSecond), burst: Number(burst) }] as const;
  });
/** What browsers send as Origin: scheme, host and port, no path. */
export const webOrigin = z
  .string()
  .refine(
    (text) => /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text,
    "must be origins between commas, exactly as browsers send them, such as https://app.example,http://localhost:5173; * is not one",
  );

export const level = z.preprocess(
  blank,
  z
    .enum(["trace", "debug", "info", "warn", "error", "silent"], "must be trace, debug, info, warn, error or silent")
    .default("info"),
);
