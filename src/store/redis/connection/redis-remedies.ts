const clientCertificate = "add ?cert=/path/client.pem&key=/path/client.key";

/** What an operator can do about an error of a connection, by what the server, the Sentinels or TLS said; the last: it is not there. */
const remedies: readonly [RegExp, string][] = [
  [/\bNOAUTH\b/, "it asks for a password: write redis://user:password@host"],
  [
    /\bWRONGPASS\b|invalid (username-)?password/,
    "the user or the password is wrong; write @ in them as %40 and % as %25",
  ],
  [/\bNOPERM\b|no permissions/, "the user may not do that: give it the rules of the page /docs/redis"],
  [
    /DENIED Redis is running in protected mode/,
    "it refuses other machines: give its user a password, or bind it to this network",
  ],
  [
    /wrong version number|packet length too long|disconnected before secure TLS/i,
    "it does not speak TLS there: write redis:// or the port of TLS",
  ],
  [
    /alert (certificate required|unknown ca|bad certificate|handshake failure)/i,
    `it wants a client certificate that it knows: ${clientCertificate}`,
  ],
  [/does not match certificate's altnames/, "its certificate is for another name: use that one, or add ?servername=…"],
  [
    /self-signed|self signed|unable to (get|verify)|certificate/i,
    "its certificate is not trusted here: name the authority that signed it, ?ca=/path/ca.pem",
  ],
  [
    /invalid reply: null|No such master with that name/,
    "the Sentinels know no master of this name: correct what stands after the slash",
  ],
  [/unknown command.*sentinel/i, "these are no Sentinels: name theirs, port 26379 mostly, or write redis://"],
  [/cluster support disabled/i, "it is no Cluster: write redis:// or redis+sentinel://"],
  [/ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENOENT/, "start it, or correct the address"],
];

/** What waiting does not mend: the server is there and says no. */
export const isRefusal = (reason: string): boolean => {
  const place = remedies.findIndex(([pattern]) => pattern.test(reason));
  return place >= 0 && place < remedies.length - 1;
};

/** A server without TLS takes the first message of TLS for the beginning of a command, and waits for the rest of it. */
const silent =
  "where it does not speak TLS it says nothing: write redis:// or the port of TLS; else start it, or correct the address";

/** TLS 1.3 lets a client write before its certificate was looked at: a server that wants one closes, and its alert is lost with the connection. */
const broken = `it breaks off what TLS began: where it wants a client certificate, ${clientCertificate}`;

/**
 * Empty where nothing is known that would help.
 * @param isTls whether it was to be spoken
 * @param isKnown whether a certificate of our own was shown
 */
export const remedyFor = (reason: string, { isTls = false, isKnown = false } = {}): string => {
  if (isTls && /ETIMEDOUT/.test(reason)) return `; ${silent}`;
  if (isTls && !isKnown && /ECONNRESET|EPIPE/.test(reason)) return `; ${broken}`;
  const remedy = remedies.find(([pattern]) => pattern.test(reason))?.[1];
  return remedy === undefined ? "" : `; ${remedy}`;
};
