// npm run compose -- [--engine docker|podman] [--built]
//
// Brings docker-compose.yml up whole, under a project name and on ports of its own, and tries what docs/containers.md says of it: the demo
// and a study through the API, what a process sees from inside, health checks that fail and recover, trainers that are stopped, killed and
// frozen in the middle of a job, and one with little memory and one core. Prints a table in Markdown; exit code 1 if a row says no. With --built the images descent-api and
// descent-trainer are taken as they are (built with --format docker where buildah does it: its own format has no health checks).
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { addApiKey } from "../../dist/src/main/keys/api-key-file.js";
import { freePort } from "../chaos/service.mjs";
import { twoClasses } from "../chaos/two-classes.mjs";
import { createAsker, createNotes, createRunner, root, seconds, statusAt, until } from "./trying.mjs";

const { values: options } = parseArgs({
  options: { engine: { type: "string", default: "docker" }, built: { type: "boolean", default: false } },
});
const { engine } = options;
const project = `descent-check-${process.pid}`;
/** podman-compose joins names by "_", Docker by "-". */
const joint = engine === "podman" ? "_" : "-";
const nameOf = (service, index = 1) => [project, service, index].join(joint);

const folder = await mkdtemp(join(tmpdir(), "descent-compose-"));
const keysFile = join(folder, "api-keys.json");
const key = await addApiKey(keysFile, { id: "check", tenant: "default", scopes: ["read", "submit", "admin"] });
// The containers' user is another.
await chmod(keysFile, 0o644);
const twoTrainers = join(folder, "two-trainers.yml");
// Checkpoints come soon, so that a short job has some.
const trainers = { deploy: { replicas: 2 }, environment: { CHECKPOINT_SECONDS: "1" } };
await writeFile(twoTrainers, JSON.stringify({ services: { trainer: trainers } }));
const [port, grpcPort] = [await freePort(), await freePort()];
const url = `http://127.0.0.1:${port}`;
const environment = {
  ...process.env,
  ...{ API_KEYS_FILE: keysFile, PUBLISHED_PORT: String(port), PUBLISHED_GRPC_PORT: String(grpcPort) },
  ...{ DESCENT_URL: url, DESCENT_API_KEY: key, BUILDAH_FORMAT: "docker" },
};

const run = createRunner(environment);
const { request, finished, digestOf, samples } = createAsker(url, key);
const { note, tell } = createNotes();
const container = (...args) => run(engine, ...args);
const compose = (...args) => {
  const all = ["-p", project, "-f", join(root, "docker-compose.yml"), "-f", twoTrainers, ...args];
  return engine === "podman" ? run("podman-compose", ...all) : run("docker", "compose", ...all);
};
const isRunning = async (name) => (await container("inspect", "-f", "{{.State.Running}}", name)) === "true";
/** Of the service's process, not of the init process in front of it. */
const shell = (name, script) => container("exec", name, "sh", "-c", script);
const processOf = (role) => `$(grep -lsE '[-]-role=${role}' /proc/[0-9]*/cmdline | grep -v /proc/1/ | cut -d/ -f3)`;

let checks = 0;
/** Without systemd podman runs no health checks by itself; asked, it runs one and counts it. */
const health = async (name) => {
  checks += 1;
  if (engine === "podman") await container("healthcheck", "run", name).catch(() => "");
  return container("inspect", "-f", "{{.State.Health.Status}}", name);
};

/** How long it took, or, where health checks come only when asked for, how many: the seconds would be this program's. */
const untilHealth = async (name, state) => {
  checks = 0;
  const ms = await until(`${name} ${state}`, async () => (await health(name)) === state);
  return engine === "podman" ? `at check ${checks}` : `after ${seconds(ms)}`;
};

const task = { type: "classification", label: "label" };
const longJob = (dataset) => ({
  ...{ dataset, task, resources: { threads: 1 } },
  model: { type: "mlp", hidden: [64, 64], activation: "relu", dropout: 0.1 },
  training: { epochs: 10_000, batchSize: 32, seed: 100 },
});

const eventsOf = async (id, type) =>
  (await request(`/v1/jobs/${id}/events?limit=1000`)).items.filter((event) => event.type === type);

/** A long job, and the container that has taken it up, come some way and written a checkpoint. */
const underWay = async (dataset) => {
  const { id } = await request("/v1/jobs", longJob(dataset));
  let job;
  await until("the job under way", async () => {
    job = await request(`/v1/jobs/${id}`);
    if (job.done) throw new Error(`job ${id} was done before anything happened to it`);
    return job.progress > 0.1 && (await eventsOf(id, "checkpoint")).length > 0;
  });
  const reason = job.history.findLast(({ state }) => state === "running").reason;
  for (const name of [nameOf("trainer", 1), nameOf("trainer", 2)]) {
    const host = (await container("inspect", "-f", "{{.Config.Hostname}}", name)) || "?";
    if (reason.includes(host)) return { id, name, progress: job.progress };
  }
  throw new Error(`no trainer's container in: ${reason}`);
};

/** Why it changed hands. */
const ways = ({ history }) =>
  history
    .slice(2)
    .map(({ state, reason }) => `${state}: ${reason}`)
    .join("; ");

const bringUp = async () => {
  for (const part of ["api", "trainer"]) {
    if (!options.built) await container("build", "-f", `docker/${part}.Dockerfile`, "-t", `descent-${part}`, ".");
    await container("tag", `descent-${part}`, `${project}${joint}${part}`);
  }
  const start = performance.now();
  await compose("up", "-d", "--no-build");
  // Whatever else may answer on that port is not asked.
  if (!(await isRunning(nameOf("api")))) throw new Error("the API's container does not run");
  await until("/readyz", async () => (await statusAt(url, "/readyz")) === 200);
  note("up whole: Redis, API, two trainers", true, `ready after ${seconds(performance.now() - start)}`);
  note("without a key: 401", (await statusAt(url, "/v1/jobs")) === 401, "");
};

const lookInside = async () => {
  for (const [role, name] of [
    ["api", nameOf("api")],
    ["trainer", nameOf("trainer")],
  ]) {
    const status = await shell(name, `cat /proc/${processOf(role)}/status`);
    const field = (of) => new RegExp(`^${of}:\\s+(\\S+)`, "m").exec(status)?.[1];
    const [user, capabilities, locked] = [field("Uid"), field("CapEff"), field("NoNewPrivs")];
    const written = await shell(name, "touch /app/x 2>&1 || true");
    const version = await shell(name, "node --version");
    note(
      `${role}: no root, no capabilities, no new privileges, read-only, Node 24`,
      user !== "0" &&
        /^0+$/.test(capabilities) &&
        locked === "1" &&
        /Read-only/.test(written) &&
        version.startsWith("v24."),
      `uid ${user}, CapEff ${capabilities}, NoNewPrivs ${locked}, "${written.split(": ").at(-1)}", ${version}`,
    );
  }
};

const timeToReady = async () => {
  const own = await freePort();
  const name = `${project}-alone`;
  const start = performance.now();
  await container(
    ...["run", "-d", "--name", name, "--network", `${project}_default`, "--read-only", "--cap-drop", "ALL", "--init"],
    ...["--tmpfs", "/tmp:size=64m,mode=1777", "-p", `127.0.0.1:${own}:8080`, "-v", `${keysFile}:/run/keys.json:ro`],
    ...["-e", "REDIS_URL=redis://redis:6379", "-e", "API_KEYS_FILE=/run/keys.json", `descent-api`],
  );
  if (!(await isRunning(name))) throw new Error("the second API's container does not run");
  await until("/readyz", async () => (await statusAt(`http://127.0.0.1:${own}`, "/readyz")) === 200);
  note(`\`${engine} run\` of the API to /readyz 200`, true, seconds(performance.now() - start));
  await container("rm", "-f", "-v", name);
};

const demoAndStudy = async (dataset) => {
  const said = await run(process.execPath, "dist/src/demo.js");
  note("the demo", /succeeded/.test(said), /test accuracy [\d.]+ %/.exec(said)?.[0]);
  const { id } = await request("/v1/studies", { job: { dataset, task, training: { epochs: 10 } }, trials: 4 });
  const study = await finished(`/v1/studies/${id}`);
  note("a study of 4 trials", study.state === "succeeded", study.state);
};

/** Killed at once, as a machine is that goes away: what it computed after its last checkpoint is computed again. */
const preempted = async (dataset, undisturbed) => {
  const { id, name, progress } = await underWay(dataset);
  await container("kill", "--signal", "KILL", name);
  const job = await finished(`/v1/jobs/${id}`);
  const [resumed] = await eventsOf(id, "resumed");
  const saved = (await eventsOf(id, "checkpoint")).filter(({ at }) => at < resumed?.at).at(-1);
  note(
    "a trainer killed (`kill -KILL`) in a job: no more than what came after its last checkpoint is computed again, the same digest",
    (await digestOf(job)) === undisturbed && saved !== undefined && resumed.data.step >= saved.data.step,
    `at ${Math.round(progress * 100)} %; saved at step ${saved?.data.step}, resumed at ${resumed?.data.step}; ${ways(job)}`,
  );
  await container("start", name);
};

const limited = async () => {
  const name = `${project}-limited`;
  const [memory, cpus] = [1024, 1];
  await container(
    ...["run", "-d", "--name", name, "--network", `${project}_default`, "--read-only", "--cap-drop", "ALL", "--init"],
    ...["--tmpfs", "/tmp:size=64m,mode=1777", "--memory", `${memory}m`, "--cpus", String(cpus)],
    ...["-e", "REDIS_URL=redis://redis:6379", "descent-trainer"],
  );
  const host = await container("inspect", "-f", "{{.Config.Hostname}}", name);
  let [threads, bytes] = [];
  await until("its sign of life", async () => {
    [threads, bytes] = await Promise.all(
      ["descent_trainer_threads", "descent_trainer_memory_bytes"].map(async (metric) =>
        (await samples(metric)).find(({ trainer }) => trainer.includes(host)),
      ),
    );
    return threads !== undefined && bytes !== undefined;
  });
  note(
    `a trainer with \`--memory ${memory}m --cpus ${cpus}\` keeps within both`,
    threads.value === cpus && bytes.value < memory * 2 ** 20,
    `${threads.value} thread, ${Math.round(bytes.value / 2 ** 20)} MiB for jobs`,
  );
  await container("rm", "-f", "-v", name);
};

const redisAway = async () => {
  await untilHealth(nameOf("api"), "healthy");
  await container("stop", nameOf("redis"));
  const failing = await until("/readyz fails", async () => (await statusAt(url, "/readyz")) === 503);
  const unhealthy = await untilHealth(nameOf("api"), "unhealthy");
  note("Redis stopped: /readyz 503, the API unhealthy", true, `503 after ${seconds(failing)}, unhealthy ${unhealthy}`);
  await container("start", nameOf("redis"));
  const ready = await until("/readyz recovers", async () => (await statusAt(url, "/readyz")) === 200);
  const healthy = await untilHealth(nameOf("api"), "healthy");
  note("Redis started: /readyz 200, the API healthy", true, `200 after ${seconds(ready)}, healthy ${healthy}`);
};

const stopped = async (dataset, undisturbed) => {
  const { id, name, progress } = await underWay(dataset);
  const start = performance.now();
  await container("stop", "-t", "30", name);
  const took = performance.now() - start;
  const code = await container("inspect", "-f", "{{.State.ExitCode}}", name);
  const job = await finished(`/v1/jobs/${id}`);
  note(
    "`stop` of a trainer in a job: handed back, finished by the other, the same digest",
    (await digestOf(job)) === undisturbed && job.history.filter(({ state }) => state === "running").length === 2,
    `at ${Math.round(progress * 100)} %; stopped in ${seconds(took)} with exit code ${code}; ${ways(job)}`,
  );
  await container("start", name);
};

const frozen = async (dataset, undisturbed) => {
  const { id, name, progress } = await underWay(dataset);
  await untilHealth(name, "healthy");
  await shell(name, `kill -STOP ${processOf("trainer")}`);
  const unhealthy = await untilHealth(name, "unhealthy");
  const job = await finished(`/v1/jobs/${id}`);
  note(
    "a trainer frozen (`kill -STOP`) in a job: unhealthy, finished by the other, the same digest",
    (await digestOf(job)) === undisturbed && job.history.filter(({ state }) => state === "running").length === 2,
    `at ${Math.round(progress * 100)} %; unhealthy ${unhealthy}; ${ways(job)}`,
  );
  await shell(name, `kill -CONT ${processOf("trainer")}`);
  note("thawed: healthy", true, `healthy ${await untilHealth(name, "healthy")}`);
};

try {
  await bringUp();
  await lookInside();
  await timeToReady();
  const { id: dataset } = await request("/v1/datasets?name=classes", twoClasses(), "text/csv");
  await demoAndStudy(dataset);
  const { id } = await request("/v1/jobs", longJob(dataset));
  const undisturbed = await digestOf(await finished(`/v1/jobs/${id}`));
  await stopped(dataset, undisturbed);
  await preempted(dataset, undisturbed);
  await frozen(dataset, undisturbed);
  await limited();
  await redisAway();
} catch (error) {
  note("to the end", false, error.stderr?.trim().split("\n").at(-1) || error.message);
  for (const part of ["api", "trainer"])
    process.stderr.write(await container("logs", "--tail", "20", nameOf(part)).catch(() => ""));
} finally {
  for (const name of ["alone", "limited"]) await container("rm", "-f", "-v", `${project}-${name}`).catch(() => {});
  await compose("down", "-v").catch((error) => process.stderr.write(`${error.message}\n`));
  // podman-compose leaves it.
  await container("network", "rm", `${project}_default`).catch(() => {});
  for (const part of ["api", "trainer"]) await container("rmi", `${project}${joint}${part}`).catch(() => {});
  await rm(folder, { recursive: true, force: true });
}
tell();
