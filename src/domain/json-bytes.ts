import { ServiceError } from "./errors.ts";

const decode = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ServiceError("malformed", "the body is not valid UTF-8", { cause });
  }
};

/** What the bytes say; nothing (`undefined`) for blank ones. `malformed` with node's own words for where the JSON breaks off. */
export const parseJsonBytes = (bytes: Uint8Array): unknown => {
  const text = decode(bytes);
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ServiceError("malformed", `the body is not JSON: ${(cause as Error).message.slice(0, 200)}`, { cause });
  }
};
