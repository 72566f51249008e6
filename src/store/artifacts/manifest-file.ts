import { createHash } from "node:crypto";
import type { ArtifactStore } from "./artifact-store.ts";
import { corrupt } from "./verified.ts";

/** The last member of a file's object: the digest of its text without it. */
const member = (digest: string): string => `,"fileDigest":"${digest}"}\n`;
const memberLength = member(`sha256:${"0".repeat(64)}`).length;
const memberPattern = /^,"fileDigest":"(sha256:[0-9a-f]{64})"\}\n$/;

const digestOf = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;

/** A manifest or a log as it is stored: JSON that says itself whether it is what was written, since no record holds its digest. */
export const encodeManifest = (value: object, space?: number): Buffer => {
  const text = JSON.stringify(value, null, space);
  return Buffer.from(`${text.slice(0, -1)}${member(digestOf(text))}`);
};

/** `corrupt` if it is not what was written. Those of earlier versions have no digest, and are taken as they are. */
export const decodeManifest = (bytes: Uint8Array, what: string): unknown => {
  const text = Buffer.from(bytes).toString();
  const digest = memberPattern.exec(text.slice(-memberLength))?.[1];
  if (digest === undefined) return JSON.parse(text);
  const written = `${text.slice(0, -memberLength)}}`;
  if (digestOf(written) !== digest) throw corrupt(what, "is not what was written: its digest is another");
  return JSON.parse(written);
};

const mostBytes = 64 * 1024 ** 2;

/** A manifest as it was written. `not_found`; `corrupt` if it is another by now. */
export const readManifest = async (
  artifacts: Pick<ArtifactStore, "readBytes">,
  key: string,
  what = key,
): Promise<unknown> => decodeManifest(await artifacts.readBytes(key, { limitBytes: mostBytes }), what);
