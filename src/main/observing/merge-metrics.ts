interface Family {
  /** `# HELP` and `# TYPE`. */
  head: string[];
  samples: string[];
}

/**
 * Several texts in Prometheus's format as one: a name's samples must stand together below one `# HELP` and one `# TYPE`. Labels tell
 * the texts apart.
 */
export const mergeMetrics = (texts: readonly string[]): string => {
  const families = new Map<string, Family>();
  for (const text of texts) {
    let family: Family | undefined;
    for (const line of text.split("\n")) {
      const [, kind, name = ""] = /^# (HELP|TYPE) (\S+)/.exec(line) ?? [];
      if (kind === "HELP") {
        family = families.get(name) ?? { head: [], samples: [] };
        families.set(name, family);
      }
      if (family === undefined || line === "") continue;
      if (kind === undefined) family.samples.push(line);
      else if (!family.head.some((known) => known.startsWith(`# ${kind} `))) family.head.push(line);
    }
  }
  return [...families.values()].map(({ head, samples }) => `${[...head, ...samples].join("\n")}\n`).join("\n");
};
