/** A loaded model and what it costs to keep. */
export interface Loaded<T> {
  value: T;
  bytes: number;
}

/** The models used last, as many as fit in the bytes. One that is larger than all of them is used and not kept. Who asks for one while it is loaded waits for that. */
export const createLoadedModels = <T>(capacityBytes: number) => {
  // A Map keeps the order of insertion: the first key is the one used longest ago.
  const models = new Map<string, Loaded<T>>();
  const loading = new Map<string, Promise<Loaded<T>>>();
  let usedBytes = 0;
  const remove = (key: string): void => {
    usedBytes -= models.get(key)?.bytes ?? 0;
    models.delete(key);
  };
  const keep = (key: string, loaded: Loaded<T>): void => {
    remove(key);
    if (loaded.bytes > capacityBytes) return;
    models.set(key, loaded);
    usedBytes += loaded.bytes;
    for (const oldest of models.keys()) {
      if (usedBytes <= capacityBytes) break;
      remove(oldest);
    }
  };
  const loadOnce = async (key: string, load: () => Promise<Loaded<T>>): Promise<T> => {
    const first = loading.get(key);
    if (first !== undefined) return (await first).value;
    const started = load();
    loading.set(key, started);
    try {
      const loaded = await started;
      // What was forgotten meanwhile is used once more and not kept.
      if (loading.get(key) === started) keep(key, loaded);
      return loaded.value;
    } finally {
      if (loading.get(key) === started) loading.delete(key);
    }
  };
  return {
    async get(key: string, load: () => Promise<Loaded<T>>): Promise<T> {
      const found = models.get(key);
      if (found === undefined) return loadOnce(key, load);
      models.delete(key);
      models.set(key, found);
      return found.value;
    },
    removeBelow(prefix: string): void {
      for (const key of [...models.keys()]) if (key.startsWith(prefix)) remove(key);
      for (const key of [...loading.keys()]) if (key.startsWith(prefix)) loading.delete(key);
    },
    usedBytes: () => usedBytes,
  };
};
