import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import type { Logger } from "pino";
import { type Config, StartError } from "../config.ts";

/** Certificate chain, key and, for mTLS, the authorities of clients: bytes of PEM files that were found to be sound. */
export interface TlsFiles {
  cert: Buffer;
  key: Buffer;
  clientCa: Buffer | null;
}

const reasons: Record<string, string> = {
  ENOENT: "there is no such file",
  EACCES: "this user may not read it",
  EISDIR: "it is a folder",
};

const readPem = async (variable: string, file: string): Promise<Buffer> => {
  try {
    return await readFile(file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw new StartError(`${variable}=${file}: ${reasons[code] ?? String(error)}`, { cause: error });
  }
};

const parseCertificate = (variable: string, file: string, pem: Buffer): X509Certificate => {
  // Node reads DER as well; the servers do not.
  if (!pem.includes("-----BEGIN CERTIFICATE-----"))
    throw new StartError(`${variable}=${file}: there is no certificate in PEM in it (-----BEGIN CERTIFICATE-----)`);
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new StartError(`${variable}=${file}: its certificate cannot be read (${String(error)})`, { cause: error });
  }
};

const parseKey = (file: string, pem: Buffer): KeyObject => {
  const text = pem.toString("latin1");
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text))
    throw new StartError(`TLS_KEY_FILE=${file}: there is no private key in PEM in it (-----BEGIN PRIVATE KEY-----)`);
  if (/\bENCRYPTED\b/.test(text))
    throw new StartError(`TLS_KEY_FILE=${file}: the key is encrypted; give it without a passphrase`);
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new StartError(`TLS_KEY_FILE=${file}: its key cannot be read`, { cause: error });
  }
};

/** Reads what the settings name. StartError, one line, for a file that is missing, unreadable, not PEM, or a key of another certificate. */
export const readTls = async ({ tls }: Config, log: Logger): Promise<TlsFiles | null> => {
  if (tls === null) return null;
  const cert = await readPem("TLS_CERT_FILE", tls.cert);
  const key = await readPem("TLS_KEY_FILE", tls.key);
  const clientCa = tls.clientCa === null ? null : await readPem("GRPC_CLIENT_CA_FILE", tls.clientCa);
  const certificate = parseCertificate("TLS_CERT_FILE", tls.cert, cert);
  if (!certificate.checkPrivateKey(parseKey(tls.key, key)))
    throw new StartError(`TLS_KEY_FILE=${tls.key}: this is not the key of the certificate in ${tls.cert}`);
  if (tls.clientCa !== null && clientCa !== null) parseCertificate("GRPC_CLIENT_CA_FILE", tls.clientCa, clientCa);
  const { validTo, subjectAltName } = certificate;
  const expired = Date.parse(validTo) < Date.now();
  if (expired) log.warn({ file: tls.cert, validTo }, "the TLS certificate has expired; clients will refuse it");
  else log.info({ validTo, names: subjectAltName, clientCertificates: clientCa !== null }, "TLS is on");
  return { cert, key, clientCa };
};

/**
 * How a client on this machine reaches the service by TLS: by a name that is in the certificate, and with the file to trust where
 * nobody but itself has signed it.
 */
export const tlsForClients = async (file: string, host: string): Promise<{ host: string; trust: string | null }> => {
  const certificate = new X509Certificate(await readPem("TLS_CERT_FILE", file));
  const bare = host.replace(/^\[|\]$/g, "");
  const named = (name: string): boolean =>
    (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;
  const firstName = /DNS:([^,*]+)/.exec(certificate.subjectAltName ?? "")?.[1];
  const chosen = [bare, "localhost"].find(named) ?? firstName;
  return {
    host: chosen === undefined || chosen === bare ? host : chosen,
    trust: certificate.issuer === certificate.subject ? file : null,
  };
};
