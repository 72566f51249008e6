/** Names under which a value is a secret, at any depth of a log line. */
const secretNames =
  "authorization|proxy-authorization|cookie|set-cookie|x-api-key|api-?_?key|password|passphrase|secret|secretAccessKey|sessionToken|token|privateKey|redisUrl";

const text = String.raw`"(?:[^"\\]|\\.)*"`;

const rules: readonly [RegExp, string][] = [
  [new RegExp(`"(${secretNames})":${text}`, "gi"), `"$1":"[redacted]"`],
  // user:password@ of any URL
  [/\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^/\s"'\\]*@/gi, "$1[redacted]@"],
  [/\b(Bearer|Basic) +[^\s"'\\,;]+/gi, "$1 [redacted]"],
  // Keys that this service makes, and secrets of webhooks as Standard Webhooks writes them.
  [/\b(dsc_|whsec_|whsk_)[\w+/=-]{8,}/g, "$1[redacted]"],
  // Signed URLs.
  [
    /([?&](?:X-Amz-(?:Signature|Credential|Security-Token)|X-Goog-Signature|Signature|sig|token|api_?key|(?:sentinel)?password|secret)=)[^&\s"'\\]+/gi,
    "$1[redacted]",
  ],
];

/** Lists under such a name; and what was sent to Redis: ioredis puts it into its errors, AUTH with the password as well, and bytes as lists of their own. */
const secretList = new RegExp(`"(${secretNames}|args)":\\[`, "gi");

/** Behind the bracket that closes the one before `from`, or the line's end. */
const endOfList = (line: string, from: number): number => {
  const tokens = new RegExp(`${text}|[[\\]]`, "g");
  tokens.lastIndex = from;
  let open = 1;
  for (let token = tokens.exec(line); token !== null; token = tokens.exec(line)) {
    if (token[0] === "[") open += 1;
    if (token[0] === "]") open -= 1;
    if (open === 0) return tokens.lastIndex;
  }
  return line.length;
};

const withoutLists = (line: string): string => {
  let [clean, from] = ["", 0];
  for (const found of line.matchAll(secretList)) {
    if (found.index < from) continue; // in a list that is gone
    clean += `${line.slice(from, found.index)}"${found[1]}":"[redacted]"`;
    from = endOfList(line, found.index + found[0].length);
  }
  return clean + line.slice(from);
};

/** Shorter ones are words, and a log without words helps nobody; the rules above still cover where they usually stand. */
const shortestSecret = 6;

/**
 * Takes secrets out of a line that is about to be written: by what stands before them, by their form, and those that are `known`
 * wherever they are. Applied to the finished line, so that neither an error's message nor its stack gets around it.
 */
export const createScrub = (known: readonly string[]): ((line: string) => string) => {
  const values = [...new Set(known.flatMap((value) => [value, JSON.stringify(value).slice(1, -1)]))]
    .filter((value) => value.length >= shortestSecret)
    // The longest first: one may be part of another.
    .sort((a, b) => b.length - a.length);
  return (line) => {
    let clean = line;
    for (const value of values) clean = clean.replaceAll(value, "[redacted]");
    for (const [pattern, instead] of rules) clean = clean.replace(pattern, instead);
    return withoutLists(clean);
  };
};

const passwordOf = (url: string | undefined): string[] => {
  if (url === undefined || !URL.canParse(url)) return [];
  const { password } = new URL(url);
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password]; // an escape that is none: the address is refused when it is used
  }
};

/** Of `api-key=secret,authorization=Bearer%20secret`: each value, as it stands and as it is sent. */
const headerValuesOf = (headers: string): string[] =>
  headers.split(",").flatMap((header) => {
    const value = header.slice(header.indexOf("=") + 1).trim();
    try {
      return [value, decodeURIComponent(value)];
    } catch {
      return [value];
    }
  });

/** Of several hosts with commas, which are no URL of the standard; that of the Sentinels is an option. */
const redisPasswordsOf = (url: string | undefined): string[] => {
  const [, password = ""] = /^[a-z+]+:\/\/[^:@/?]*:([^/?]*)@/.exec(url ?? "") ?? [];
  const [, option = ""] = /[?&]sentinelPassword=([^&]*)/.exec(url ?? "") ?? [];
  return [password, option].filter((each) => each !== "").flatMap((each) => passwordOf(`redis://:${each}@host`));
};

/** The secrets that the environment holds: passwords in URLs, and whatever is named like one. */
export const secretsOf = (env: Readonly<Record<string, string | undefined>>): string[] => [
  ...redisPasswordsOf(env.REDIS_URL),
  ...passwordOf(env.ARTIFACT_URL),
  ...passwordOf(env.MLFLOW_TRACKING_URI),
  ...Object.entries(env)
    .filter(([name]) => /^OTEL_.*_ENDPOINT$/.test(name))
    .flatMap(([, value]) => passwordOf(value)),
  ...Object.entries(env)
    .filter(([name]) => /^OTEL_.*_HEADERS$/.test(name))
    .flatMap(([, value]) => headerValuesOf(value ?? "")),
  ...Object.entries(env)
    .filter(([name]) => /(SECRET|PASSWORD|TOKEN|API_KEY|ACCESS_KEY|ACCESS_KEY_ID)$/.test(name))
    .map(([, value]) => value ?? ""),
];
