import { editDistance, nearestNames } from "../../domain/near-names.ts";
import { environmentHelp } from "../../environment-help.ts";

const known = [...environmentHelp.matchAll(/^ {2}([A-Z][A-Z0-9_]+) /gm)].map(([, name]) => name ?? "");
/** Others of OpenTelemetry's, which its SDK reads by itself or other programs do. */
const ofTelemetry =
  /^OTEL_(BSP|BLRP|SPAN|LINK|EVENT|ATTRIBUTE|LOGS?|NODE|JAVA|PYTHON|GO|SEMCONV|PROPAGATORS|METRICS_EXEMPLAR|METRIC_EXPORT_TIMEOUT|EXPORTER_OTLP_(TRACES|METRICS|LOGS|TIMEOUT|COMPRESSION|CERTIFICATE|CLIENT|INSECURE))(_.*)?$/;
/** Of systems, shells and tools: near to ours by their letters alone. */
const others =
  /^(HOME|HOSTNAME|HOSTTYPE|COLORTERM|LOGNAME|PWD|OLDPWD|NODE_.*|npm_.*|TERM|TERM_.*|LS_COLORS|S3_.*|AWS_.*|DESCENT_URL|DESCENT_API_KEY)$/;

/** `DESCENT_PORT` is meant for nobody else, though none of ours but a client's begins like that. */
const withoutOwner = (name: string): string => name.replace(/^DESCENT_/, "");

const lettersOf = (name: string): string => [...name].sort().join("");

const plain = (name: string): string => name.toLowerCase().replaceAll("_", "");

/**
 * Variables that are set, that mean nothing here, and whose names are nearly ours: `REDIS_URI`, `API_KEY_FILE`. Each with what was
 * probably meant. Only names with a part of a longer one of ours are looked at: others are somebody else's.
 */
export const misspeltVariables = (
  env: Readonly<Record<string, string | undefined>>,
): { name: string; hint: string }[] => {
  const names = new Set(known);
  const beginnings = new Set(known.filter((name) => name.includes("_")).map((name) => name.split("_")[0] ?? ""));
  return Object.keys(env)
    .filter(
      (name) =>
        !names.has(name) && !others.test(name) && !ofTelemetry.test(name) && /^[A-Z][A-Z0-9_-]{2,63}$/i.test(name),
    )
    .filter((name) => {
      const same = known.some((one) => plain(one) === plain(name));
      const [beginning = ""] = name.toUpperCase().split(/[_-]/);
      if (withoutOwner(name) !== name) return true;
      if (!name.includes("_")) return same || known.some((one) => isMeant(one, name.toUpperCase()));
      return same || [...beginnings].some((one) => one === beginning || isNearly(one, beginning));
    })
    .map((name) => ({ name, hint: nearestNames(withoutOwner(name), known)[0] ?? "" }))
    .filter(({ hint }) => hint !== "");
};

/** Short names are near to many words: of those only swapped letters count, as in `PROT`. */
const isMeant = (known: string, given: string): boolean =>
  isNearly(known, given) && (known.length > 5 || lettersOf(known) === lettersOf(given));

/** One letter changed, left out, added, or two neighbours swapped. */
const isNearly = (known: string, given: string): boolean => known.length >= 4 && editDistance(known, given, 1) <= 1;
