/** Where the service is: as `DESCENT_URL` says, or on this machine, on the port that the same environment would start it on. */
export const serviceUrl = (env: Readonly<Record<string, string | undefined>>): string => {
  const port = env.PORT === undefined || Number(env.PORT) === 0 ? 8080 : env.PORT;
  return (env.DESCENT_URL ?? `http://127.0.0.1:${port}`).replace(/\/+$/, "");
};
