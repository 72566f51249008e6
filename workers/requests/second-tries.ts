/** A question as it was sent, which may be sent once more. */
interface Sent {
  readonly bytes: number;
  /** It was with a thread that died of it or of another. */
  readonly again: boolean;
}

/** What small questions may have together, and how many they may be. */
interface Small {
  readonly atOnce: number;
  readonly bytes: number;
}

/**
 * Questions that another's end took along with the thread. Those of few bytes were copied to it, not moved, and are asked once more, each by itself: so the one
 * that the thread dies of is lost alone.
 */
export const createSecondTries = <T extends Sent>(small: Small | undefined) => {
  const waiting: T[] = [];
  const isCopied = ({ bytes }: T): boolean => small !== undefined && bytes <= small.bytes / small.atOnce;
  return {
    isCopied,
    /** Takes out of what was under way what is asked again. */
    keep: (underWay: Map<number, T>): void => {
      for (const [id, sent] of underWay) {
        if (sent.again || !isCopied(sent)) continue;
        underWay.delete(id);
        waiting.push({ ...sent, again: true });
      }
    },
    /** Whether nothing may be put beside what is under way. */
    wantsRoom: (underWay: ReadonlyMap<number, T>): boolean =>
      underWay.size > 0 && (waiting.length > 0 || [...underWay.values()].some(({ again }) => again)),
    next: (): T | null => waiting.shift() ?? null,
    clear: (): T[] => waiting.splice(0),
  };
};
