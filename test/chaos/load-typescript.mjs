import { fileURLToPath } from "node:url";
import { createViteServer } from "vitest/node";

/** What these files of the tests export, which are TypeScript; paths from the root. */
export const loadTypescript = async (...paths) => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const server = await createViteServer({
    ...{ root, configFile: false, logLevel: "error", appType: "custom" },
    server: { middlewareMode: true, watch: null, ws: false, hmr: false },
    optimizeDeps: { noDiscovery: true },
  });
  try {
    return Object.assign({}, ...(await Promise.all(paths.map((path) => server.ssrLoadModule(path)))));
  } finally {
    await server.close();
  }
};
