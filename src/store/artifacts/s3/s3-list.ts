import type { S3Client } from "./s3-client.ts";
import { elements, textOf } from "./xml.ts";

export interface Listed {
  /** Without the store's own prefix. */
  key: string;
  bytes: number;
}

/** Page by page, each of up to a thousand. */
async function* pagesOf(client: S3Client, prefix: string, more: Record<string, string> = {}): AsyncGenerator<string> {
  const query = { "list-type": "2", prefix: `${client.location.prefix}${prefix}`, ...more };
  for (let token: string | null = null; ; ) {
    const next: Record<string, string> = token === null ? {} : { "continuation-token": token };
    const { text } = await client.send({ method: "GET", key: null, query: { ...query, ...next } });
    yield text;
    token = textOf(text, "IsTruncated") === "true" ? textOf(text, "NextContinuationToken") : null;
    if (token === null) return;
  }
}

/** The objects below a prefix, in the order of their keys. */
export async function* listObjects(client: S3Client, prefix: string): AsyncGenerator<Listed> {
  const { length } = client.location.prefix;
  for await (const page of pagesOf(client, prefix))
    for (const object of elements(page, "Contents"))
      yield { key: (textOf(object, "Key") ?? "").slice(length), bytes: Number(textOf(object, "Size") ?? 0) };
}

/** The first segments of all keys. */
export const listFolders = async (client: S3Client): Promise<string[]> => {
  const found: string[] = [];
  const { length } = client.location.prefix;
  for await (const page of pagesOf(client, "", { delimiter: "/" }))
    for (const common of elements(page, "CommonPrefixes"))
      found.push((textOf(common, "Prefix") ?? "").slice(length).replace(/\/$/, ""));
  return found;
};

/** Multipart uploads that were begun and neither completed nor aborted; none from a store that does not list them. */
export async function* listUploads(
  client: S3Client,
): AsyncGenerator<{ key: string; uploadId: string; begunMs: number }> {
  const { prefix } = client.location;
  for (let marker: Record<string, string> = {}; ; ) {
    const query = { uploads: "", prefix, ...marker };
    const { text, status } = await client.send({ method: "GET", key: null, query, accept: [400, 405, 501] });
    if (status !== 200) return;
    for (const upload of elements(text, "Upload")) {
      const begunMs = Date.parse(textOf(upload, "Initiated") ?? "");
      yield {
        key: (textOf(upload, "Key") ?? "").slice(prefix.length),
        uploadId: textOf(upload, "UploadId") ?? "",
        begunMs,
      };
    }
    if (textOf(text, "IsTruncated") !== "true") return;
    marker = {
      "key-marker": textOf(text, "NextKeyMarker") ?? "",
      "upload-id-marker": textOf(text, "NextUploadIdMarker") ?? "",
    };
  }
}
