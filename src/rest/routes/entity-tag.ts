import { createHash } from "node:crypto";

/** A strong validator: the digest of the bytes that are sent. */
export const entityTag = (body: string): string =>
  `"${createHash("sha256").update(body).digest("base64url").slice(0, 27)}"`;

const opaque = (tag: string): string => tag.trim().replace(/^W\//, "");

/** `If-None-Match` (RFC 9110, 13.1.2): a list of tags, compared weakly, or `*`. */
export const matches = (ifNoneMatch: string | undefined, tag: string): boolean =>
  (ifNoneMatch ?? "").split(",").some((candidate) => ["*", opaque(tag)].includes(opaque(candidate)));

/** The field of RFC 9530: the digest of the file, whatever codings it travels in. @param file its SHA-256 in hexadecimal */
export const reprDigest = ({ sha256 }: { sha256: string }): string =>
  `sha-256=:${Buffer.from(sha256, "hex").toString("base64")}:`;
