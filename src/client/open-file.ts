interface FileModules {
  stat(path: string | URL): Promise<{ size: number }>;
  createReadStream(path: string | URL): AsyncIterable<Uint8Array>;
}

/** A file of the disk: its size, and its bytes as often as they are asked for. Browsers have no disk: there it is an error that says so. */
export const openFile = async (
  path: string | URL,
): Promise<{ size: number; chunks: () => AsyncIterable<Uint8Array> }> => {
  // By names that bundlers for browsers do not follow.
  const [files, promises] = ["node:fs", "node:fs/promises"];
  let modules: FileModules;
  try {
    const { createReadStream } = (await import(/* @vite-ignore */ files as string)) as FileModules;
    const { stat } = (await import(/* @vite-ignore */ promises as string)) as FileModules;
    modules = { createReadStream, stat };
  } catch (cause) {
    throw new TypeError("paths can be uploaded from Node only; in a browser pass the File", { cause });
  }
  const { size } = await modules.stat(path);
  return { size, chunks: () => modules.createReadStream(path) };
};
