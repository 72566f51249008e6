import type { Config } from "../config.ts";

/** Where everything listens, and what to do next: every line can be copied into a shell. */
export const greeting = (config: Config, listening: { rest: number; grpc: number }, privateRedis: boolean): string => {
  const host =
    config.host === "0.0.0.0" ? "127.0.0.1" : config.host === "::" || config.host === "::1" ? "[::1]" : config.host;
  const url = `http://${host}:${listening.rest}`;
  const authorization = config.apiKeysFile === null ? "" : ` -H "authorization: Bearer $DESCENT_API_KEY"`;
  const demoUrl = listening.rest === 8080 ? "" : `DESCENT_URL=${url} `;
  return `
Descent is ready.

  dashboard  ${url}/
  REST       ${url}/v1   (docs ${url}/docs)
  gRPC       ${host}:${listening.grpc}
  data       ${config.dataDir}
  Redis      ${privateRedis ? "private, in the data folder" : "as REDIS_URL says"}
  trainers   ${config.workers}

Try it in another terminal, from the project's folder:

  DATASET=$(curl -s${authorization} -H 'content-type: text/csv' --data-binary @test/data/iris.csv '${url}/v1/datasets?name=iris' | sed 's/.*"id":"\\([^"]*\\)".*/\\1/')
  curl -s${authorization} -H 'content-type: application/json' -d '{"dataset":"'$DATASET'","task":{"type":"classification","label":"species"}}' ${url}/v1/jobs

or all of it, with a progress bar and predictions:

  ${demoUrl}npm run demo

Ctrl-C stops everything.
`;
};
