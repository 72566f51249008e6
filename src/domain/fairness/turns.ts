import type { Party } from "./shares.ts";

/** Whose turns are remembered: those who were not among the last to have one are as good as new. */
const mostRemembered = 1000;

/** When somebody last had a turn, as a number that grows; 0: long ago or never. */
const createLastTurns = () => {
  // A Map keeps the order of insertion: the first key is the one whose turn is longest ago.
  const turns = new Map<string, number>();
  let count = 0;
  return {
    of: (name: string): number => turns.get(name) ?? 0,
    note: (name: string): void => {
      turns.delete(name);
      turns.set(name, ++count);
      const [oldest] = turns.keys();
      if (turns.size > mostRemembered && oldest !== undefined) turns.delete(oldest);
    },
  };
};

interface Line<T> {
  party: Party;
  items: Set<T>;
}

/**
 * A line in which tenants take turns, and the keys of a tenant among themselves, however much one of them has waiting. What one key
 * has waiting keeps its order.
 */
export const createTurns = <T>() => {
  const lines = new Map<string, Line<T>>();
  const tenantTurns = createLastTurns();
  const keyTurns = createLastTurns();
  let size = 0;
  const nameOf = ({ tenant, key }: Party): string => `${tenant}/${key}`;

  const remove = (party: Party, item: T): void => {
    const line = lines.get(nameOf(party));
    if (!line?.items.delete(item)) return;
    size -= 1;
    if (line.items.size === 0) lines.delete(nameOf(party));
  };
  const isBefore = (a: Party, b: Party): boolean => {
    const byTenant = tenantTurns.of(a.tenant) - tenantTurns.of(b.tenant);
    return byTenant < 0 || (byTenant === 0 && keyTurns.of(nameOf(a)) < keyTurns.of(nameOf(b)));
  };

  return {
    size: (): number => size,
    add: (party: Party, item: T): void => {
      const line = lines.get(nameOf(party)) ?? { party, items: new Set<T>() };
      lines.set(nameOf(party), line);
      line.items.add(item);
      size += 1;
    },
    remove,
    /** Takes the next out of the line, of those whose turn it may be; null if there is none. */
    next: (may: (party: Party) => boolean = () => true): T | null => {
      let first: Line<T> | null = null;
      for (const line of lines.values()) {
        if ((first === null || isBefore(line.party, first.party)) && may(line.party)) first = line;
      }
      if (first === null) return null;
      const [item] = first.items;
      tenantTurns.note(first.party.tenant);
      keyTurns.note(nameOf(first.party));
      remove(first.party, item as T);
      return item as T;
    },
    /** Empties the line. */
    clear: (): T[] => {
      const all = [...lines.values()].flatMap(({ items }) => [...items]);
      lines.clear();
      size = 0;
      return all;
    },
  };
};
