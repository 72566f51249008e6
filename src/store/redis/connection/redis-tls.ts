import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { type ConnectionOptions, createSecureContext } from "node:tls";

const readPem = (name: string, path: string): string => {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new Error(`REDIS_URL: ${name}=${path} cannot be read (${code}); name a PEM file that this user may read`, {
      cause,
    });
  }
  if (!text.includes("-----BEGIN")) throw new Error(`REDIS_URL: ${name}=${path} is not PEM`);
  return text;
};

/** Of an address with TLS: `ca`, an authority of one's own; `cert` and `key`, what the server knows this client by. */
export const parseTls = (query: ReadonlyMap<string, string>): ConnectionOptions => {
  const read = (name: "ca" | "cert" | "key"): string | undefined => {
    const path = query.get(name);
    return path === undefined ? undefined : readPem(name, path);
  };
  const [ca, cert, key, servername] = [read("ca"), read("cert"), read("key"), query.get("servername")];
  if ((cert === undefined) !== (key === undefined))
    throw new Error(
      `REDIS_URL: ${cert === undefined ? "key is given and cert is" : "cert is given and key is"} not: a client certificate needs both`,
    );
  const given = { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert, key }) };
  try {
    createSecureContext(given);
    if (cert !== undefined && key !== undefined && !new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
      throw new Error("the key is another certificate's");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`REDIS_URL: the files of ca, cert and key cannot be used (${why})`, { cause });
  }
  return { ...given, ...(servername === undefined ? {} : { servername }) };
};
