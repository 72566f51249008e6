/** Events in the order of their times, each awaited before the next: time passes between them only. Of one time, the first asked for comes first. */
export const createClock = () => {
  const events = [];
  let [now, serial] = [0, 0];
  const isBefore = (a, b) => a.at < b.at || (a.at === b.at && a.serial < b.serial);
  return {
    now: () => now,
    /** Calls back at that time; the answer takes it back. */
    at: (at, call) => {
      const event = { at: Math.max(at, now), serial: serial++, call };
      let [low, high] = [0, events.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (isBefore(event, events[middle])) low = middle + 1;
        else high = middle;
      }
      events.splice(low, 0, event); // the last is the next
      return () => {
        event.call = null;
      };
    },
    /** Until nothing is left to come. */
    run: async () => {
      for (let event = events.pop(); event !== undefined; event = events.pop()) {
        if (event.call === null) continue;
        now = event.at;
        await event.call();
      }
    },
  };
};
