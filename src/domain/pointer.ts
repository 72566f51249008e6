/** One step of an RFC 6901 JSON pointer: `~` and `/` are escaped. */
export const toPointerSegment = (key: string): string => key.replaceAll("~", "~0").replaceAll("/", "~1");

/** The keys of a pointer; null if it is none. The empty pointer, the whole, has no key. */
export const fromPointer = (pointer: string): string[] | null => {
  if (pointer === "") return [];
  if (!/^(?:\/(?:[^~/]|~[01])*)+$/.test(pointer)) return null;
  return pointer
    .slice(1)
    .split("/")
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
};
