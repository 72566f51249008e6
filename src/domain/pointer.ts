/** One step of an RFC 6901 JSON pointer: `~` and `/` are escaped. */
export const toPointerSegment = (key: string): string => key.replaceAll("~", "~0").replaceAll("/", "~1");
