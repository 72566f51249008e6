import { createServer } from "node:net";
import { type Config, StartError } from "../../config.ts";

export const portInUse = "the port is in use; stop what uses it or choose another";

/** Why nothing could listen there now; null where it could. */
export const whyTaken = (host: string, port: number): Promise<NodeJS.ErrnoException | null> =>
  new Promise((done) => {
    const server = createServer();
    server.once("error", (error) => done(error));
    server.listen(port, host, () => server.close(() => done(null)));
  });

/** Throws StartError with the one line for a port that cannot be had, before anything is started that would only be stopped again. */
export const checkPorts = async ({ host, port, grpcPort }: Config): Promise<void> => {
  for (const [variable, wanted] of [
    ["PORT", port],
    ["GRPC_PORT", grpcPort],
  ] as const) {
    const error = wanted === 0 ? null : await whyTaken(host, wanted);
    if (error?.code === "EADDRINUSE") throw new StartError(`${variable}=${wanted}: ${portInUse}`, { cause: error });
  }
};
