import type { MetricsFormat } from "../../domain/observing/metrics-format.ts";

interface Family {
  help: string;
  type: string;
  samples: string[];
}

const ending = "_total";

/** By OpenMetrics a counter's family is named without the ending of its samples; Prometheus's older format has the ending in both. */
const nameOfFamily = (name: string, type: string): string =>
  type === "counter" && name.endsWith(ending) ? name.slice(0, -ending.length) : name;

/** Adds a text in either format to the families that are known. */
const addText = (families: Map<string, Family>, text: string): void => {
  let family: Family | undefined;
  let help = "";
  for (const line of text.split("\n")) {
    const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? [];
    if (kind === "HELP") {
      family = undefined;
      help = rest;
    } else if (kind === "TYPE") {
      const known = nameOfFamily(name, rest);
      family = families.get(known) ?? { help, type: rest, samples: [] };
      families.set(known, family);
    } else if (family !== undefined && line !== "" && !line.startsWith("#")) family.samples.push(line);
  }
};

/** What follows a sample: `# {trace_id="…"} 0.2 1790000000.1`. */
const withoutExemplar = (sample: string): string => sample.replace(/ # \{[^}]*\} \S+( \S+)?$/, "");

const write = (name: string, { help, type, samples }: Family, format: MetricsFormat): string => {
  const isOld = format === "prometheus";
  const shown = isOld && type === "counter" ? `${name}${ending}` : name;
  const head = [`# HELP ${shown} ${help}`, `# TYPE ${shown} ${type}`];
  return `${[...head, ...(isOld ? samples.map(withoutExemplar) : samples)].join("\n")}\n`;
};

/**
 * Several texts as one, in the format that is asked for: a name's samples must stand together below one `# HELP` and one `# TYPE`. Labels tell
 * the texts apart.
 */
export const mergeMetrics = (texts: readonly string[], format: MetricsFormat): string => {
  const families = new Map<string, Family>();
  for (const text of texts) addText(families, text);
  const written = [...families].map(([name, family]) => write(name, family, format));
  return format === "prometheus" ? written.join("\n") : `${written.join("")}# EOF\n`;
};
