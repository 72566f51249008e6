import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";

const Package = z.object({ name: z.string(), version: z.string() });

/** Of the package that this file belongs to, which lies above it, built or not. */
export const readVersion = (from = new URL(".", import.meta.url)): string => {
  const file = new URL("package.json", from);
  if (existsSync(file)) {
    const found = Package.safeParse(JSON.parse(readFileSync(file, "utf8")));
    if (found.success && found.data.name === "descent") return found.data.version;
  }
  const above = new URL("..", from);
  return above.href === from.href ? "0.0.0" : readVersion(above);
};
