import { afterEach, expect, test } from "vitest";
import { ask, connectClients } from "../grpc/clients.ts";
import { repeatedKeys } from "./repeated-keys.ts";
import { createRestClient, dataFile } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

let dataDir = "";
let service: Service | undefined;
afterEach(async () => {
  await service?.stop();
  await removeDataDir(dataDir);
});

test("a text with a key twice is told from one without", () => {
  expect(repeatedKeys('{"a":1,"b":{"a":"a\\":"},"c":[{"a":1},{"a":2}]}')).toEqual([]);
  expect(repeatedKeys('{"a":1,"b":{"c":1,"c":{}},"a":""}')).toEqual(['"c"', '"a"']);
});

test("no line of the log has a key twice, at the finest level: a job, clients that leave, a trainer that dies", async () => {
  dataDir = await createDataDir();
  service = await startService(dataDir, { LOG_LEVEL: "trace", TRAINER_THREADS: "1" });
  const client = createRestClient(service.url);
  const dataset = await client.upload("digits", await dataFile("digits"));
  const { id } = await client.submit({
    ...{ dataset: dataset.id, task: { type: "classification", label: "digit" } },
    training: { epochs: 100_000, earlyStopping: false },
  });
  // It leaves the stream when it has seen what it wants.
  await client.untilEvent(id, ({ type }) => type === "progress");
  const clients = connectClients(service.grpc);
  const watch = clients.jobs.watchJob({ id });
  await new Promise((resolve) => watch.once("data", resolve));
  watch.on("error", () => {});
  watch.cancel();
  await ask(clients.jobs, clients.jobs.getJob, { id });
  clients.close();
  expect((await client.trySubmit({ dataset: "ds_none" })).status).toBe(422);
  process.kill(service.trainerPid(), "SIGKILL");
  await service.logged(({ role, msg }) => role === "main" && msg.includes("started again"));
  await client.act(id, "cancel");
  await client.untilDone(id);
  await service.stop();
  for (const role of ["api", "trainer", "main"]) expect(service.log.map((line) => line.role)).toContain(role);
  expect(service.rawLog.length).toBe(service.log.length);
  expect(service.rawLog.filter((line) => repeatedKeys(line).length > 0)).toEqual([]);
});
