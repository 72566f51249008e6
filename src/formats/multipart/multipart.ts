import { Buffer } from "node:buffer";
import { ServiceError } from "../../domain/errors.ts";

/** One part of a form: its field's name, its file's name and type where it has them, and its bytes. */
export interface FormPart {
  readonly name: string;
  readonly filename: string | null;
  readonly type: string | null;
  readonly content: Buffer;
}

const mostHeaderBytes = 8 * 1024;

const badForm = (detail: string): ServiceError =>
  new ServiceError("malformed", `the body is no form of multipart/form-data: ${detail}`);

/** What parts the form, as `Content-Type` states it (RFC 2046, 5.1.1). `malformed` if it does not. */
const boundaryOf = (contentType: string): string => {
  const found = /;\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))\s*(?:;|$)/i.exec(contentType);
  const boundary = found?.[1] ?? found?.[2];
  if (boundary === undefined) throw badForm("Content-Type states no boundary of 1 to 70 characters");
  return boundary;
};

/** A parameter of a header, quoted or not: `name="picture"`. */
const parameterOf = (header: string, name: string): string | null => {
  const found = new RegExp(`;\\s*${name}\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;"]+))`, "i").exec(header);
  return found?.[1]?.replace(/\\(.)/g, "$1") ?? found?.[2] ?? null;
};

const parsePart = (headers: string, content: Buffer, number: number): FormPart => {
  const fields = new Map(
    headers.split("\r\n").map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, Math.max(0, colon)).trim().toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const disposition = fields.get("content-disposition") ?? "";
  const name = parameterOf(disposition, "name");
  if (!/^form-data\s*;/i.test(disposition) || name === null)
    throw badForm(`its part ${number} has no header such as Content-Disposition: form-data; name="image"`);
  return { name, filename: parameterOf(disposition, "filename"), type: fields.get("content-type") ?? null, content };
};

/**
 * The parts of a form (RFC 7578) in their order; their contents are views of the body. `malformed` if it is none, `too_large` beyond
 * so many parts.
 */
export const readForm = (body: Uint8Array, contentType: string, mostParts: number): FormPart[] => {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const delimiter = Buffer.from(`--${boundaryOf(contentType)}`, "latin1");
  const inner = Buffer.concat([Buffer.from("\r\n"), delimiter]);
  const opens = bytes.subarray(0, delimiter.length).equals(delimiter);
  const before = opens ? 0 : bytes.indexOf(inner);
  if (before < 0) throw badForm("the boundary that Content-Type states does not begin it");
  const parts: FormPart[] = [];
  let at = before + (opens ? delimiter.length : inner.length);
  for (;;) {
    if (bytes.toString("latin1", at, at + 2) === "--") return parts;
    const line = bytes.indexOf("\r\n", at);
    if (line < 0 || bytes.toString("latin1", at, line).trim() !== "") throw badForm("it ends before its last boundary");
    const end = bytes.indexOf(inner, line);
    if (end < 0) throw badForm("it ends before its last boundary");
    if (parts.length === mostParts)
      throw new ServiceError("too_large", `a form may have at most ${mostParts} parts; send fewer pictures at once`);
    const blank = bytes.indexOf("\r\n\r\n", line);
    if (blank < 0 || blank + 4 > end + 2 || blank - line > mostHeaderBytes)
      throw badForm(`the headers of its part ${parts.length + 1} do not end with a blank line`);
    const content = bytes.subarray(Math.min(blank + 4, end), end);
    parts.push(parsePart(bytes.toString("utf8", line + 2, Math.max(line + 2, blank)), content, parts.length + 1));
    at = end + inner.length;
  }
};
