/** One sample of Prometheus's text format. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** A strict reading: throws where a scraper would, or where one name's samples do not stand together. */
export const parseMetrics = (text: string): Sample[] => {
  const seen = new Set<string>();
  let current = "";
  const samples: Sample[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const [, kind, family = ""] = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) ./.exec(line) ?? [];
    if (kind !== undefined) {
      if (kind === "HELP" && seen.has(family)) throw new Error(`${family} comes twice`);
      seen.add(family);
      current = family;
      continue;
    }
    const [, name = "", braces = "", value = ""] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (!name.startsWith(current) || current === "") throw new Error(`not a sample of ${current}: ${line}`);
    const labels = [...braces.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = "", text = ""]) => [label, text]);
    samples.push({ name, labels: Object.fromEntries(labels), value: value === "+Inf" ? Infinity : Number(value) });
  }
  return samples;
};

/** The sum of all samples of a name with these labels; null when there is none. */
export const sumOf = (samples: readonly Sample[], name: string, labels: Record<string, string> = {}): number | null => {
  const found = samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  return found.length === 0 ? null : found.reduce((sum, { value }) => sum + value, 0);
};
