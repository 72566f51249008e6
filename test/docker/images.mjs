// npm run images -- [--engine docker|podman] [--platform linux/amd64,linux/arm64] [--built]
//
// Builds both images for each platform, says how large they are, and runs them: the time from `run` to ready, with which kernels a trainer computes, and whether
// the same job has the same weights on all of them. A platform that is not this machine's is emulated (QEMU, registered with binfmt_misc by its flag F): its
// seconds mean nothing. Prints a table in Markdown; exit code 1 if a row says no. With --built the images descent-api:amd64, descent-trainer:arm64 and so on are
// taken as they are.
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { addApiKey } from "../../dist/src/main/keys/api-key-file.js";
import { freePort } from "../chaos/service.mjs";
import { createAsker, createNotes, createRunner, root, seconds, statusAt, until } from "./trying.mjs";

const { values: options } = parseArgs({
  options: {
    engine: { type: "string", default: "docker" },
    platform: { type: "string", default: "linux/amd64,linux/arm64" },
    built: { type: "boolean", default: false },
  },
});
const { engine } = options;
const parts = ["api", "trainer"];
const name = `descent-images-${process.pid}`;
/** An emulated machine takes minutes for what takes seconds. */
const withinMs = 1_800_000;

const folder = await mkdtemp(join(tmpdir(), "descent-images-"));
const keysFile = join(folder, "api-keys.json");
const key = await addApiKey(keysFile, { id: "check", tenant: "default", scopes: ["read", "submit", "admin"] });
// The containers' user is another.
await chmod(keysFile, 0o644);

const run = createRunner({ ...process.env, BUILDAH_FORMAT: "docker" });
const container = (...args) => run(engine, ...args);
const { note, tell } = createNotes();
const megabytes = (bytes) => `${Math.round(bytes / 1e6)} MB`;
const tagOf = (part, arch) => `descent-${part}:${arch}`;
const hardened = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--init"];
const tmpfs = ["--tmpfs", "/tmp:size=64m,mode=1777"];

/** Podman before 4.4 does not say by itself on what it builds, and for what. */
const buildArguments = (platform) =>
  Object.entries({ BUILDPLATFORM: `linux/${process.arch.replace("x64", "amd64")}`, TARGETPLATFORM: platform }).flatMap(
    ([variable, value]) => ["--build-arg", `${variable}=${value}`],
  );

const build = async (platform, arch) => {
  for (const part of parts) {
    const how = engine === "docker" ? ["buildx", "build", "--load"] : ["build", ...buildArguments(platform)];
    const image = tagOf(part, arch);
    if (!options.built)
      await container(...how, "--platform", platform, "-f", `docker/${part}.Dockerfile`, "-t", image, ".");
    const [of, size] = (await container("inspect", "-f", "{{.Architecture}} {{.Size}}", image)).split(" ");
    const flags = ["--rm", "--platform", platform, "--entrypoint", "du"];
    const [own] = (await container("run", ...flags, image, "-sb", "/app")).split("\t");
    note(`${image} is of its platform`, of === arch, `${megabytes(size)}, ${megabytes(own)} of it Descent's`);
  }
};

/** API and trainer, on a Redis and a volume that every platform has to itself. */
const start = async (platform, arch) => {
  const port = await freePort();
  const network = ["--network", name];
  const volume = ["-v", `${name}-${arch}:/var/lib/descent`];
  const redis = `${name}-redis-${arch}`;
  await container("run", "-d", "--name", redis, ...network, "redis:7-alpine", "redis-server");
  const shared = [...hardened, ...tmpfs, ...network, ...volume, "--platform", platform];
  const begun = performance.now();
  await container(
    ...["run", "-d", "--name", `${name}-api-${arch}`, ...shared, "-e", `REDIS_URL=redis://${redis}:6379`],
    ...["-p", `127.0.0.1:${port}:8080`, "-v", `${keysFile}:/run/keys.json:ro`, "-e", "API_KEYS_FILE=/run/keys.json"],
    tagOf("api", arch),
  );
  const url = `http://127.0.0.1:${port}`;
  const isReady = async () => {
    if ((await container("inspect", "-f", "{{.State.Running}}", `${name}-api-${arch}`)) !== "true")
      throw new Error(`the API of ${arch} has ended`);
    return (await statusAt(url, "/readyz")) === 200;
  };
  await until("/readyz", isReady, withinMs);
  note(`${arch}: \`${engine} run\` of the API to /readyz 200`, true, seconds(performance.now() - begun));
  const again = performance.now();
  await container(
    ...["run", "-d", "--name", `${name}-trainer-${arch}`, ...shared, "-e", `REDIS_URL=redis://${redis}:6379`],
    tagOf("trainer", arch),
  );
  const asker = createAsker(url, key, withinMs);
  const isThere = async () => (await asker.samples("descent_trainer_threads")).length > 0;
  await until("the trainer's sign of life", isThere, withinMs);
  note(`${arch}: \`${engine} run\` of a trainer until it takes jobs`, true, seconds(performance.now() - again));
  return asker;
};

const native = { amd64: /native .*avx/, arm64: /native .*neon/ };
const task = { type: "classification", label: "digit" };
const jobs = {
  "an MLP": {
    model: { type: "mlp", hidden: [64, 32], activation: "silu", dropout: 0.1 },
    training: { epochs: 3, seed: 7 },
  },
  "a softmax regression": { model: { type: "softmax" }, training: { seed: 7 } },
};

const train = async ({ request, finished, digestOf, samples }, arch) => {
  const [{ kernels }] = await samples("descent_kernels_info");
  note(`${arch}: native kernels, after their self-test`, native[arch].test(kernels), kernels);
  const table = await readFile(join(root, "test/data/digits.csv"), "utf8");
  const { id: dataset } = await request("/v1/datasets?name=digits", table, "text/csv");
  const digests = [];
  for (const [what, spec] of Object.entries(jobs)) {
    const begun = performance.now();
    const { id } = await request("/v1/jobs", { dataset, task, ...spec });
    digests.push(await digestOf(await finished(`/v1/jobs/${id}`)));
    note(`${arch}: ${what} is trained`, true, `${seconds(performance.now() - begun)}, ${digests.at(-1).slice(0, 23)}…`);
  }
  return digests;
};

const remove = async (arch) => {
  for (const part of ["trainer", "api", "redis"])
    await container("rm", "-f", "-v", `${name}-${part}-${arch}`).catch(() => {});
  await container("volume", "rm", `${name}-${arch}`).catch(() => {});
};

let first;
try {
  await container("network", "create", name);
  for (const platform of options.platform.split(",")) {
    const arch = platform.split("/")[1];
    try {
      await build(platform, arch);
      const digests = (await train(await start(platform, arch), arch)).join(" ");
      if (first !== undefined) note(`${arch}: the same weights as on ${first.arch}`, digests === first.digests);
      first ??= { arch, digests };
    } catch (error) {
      note(`${arch}: to the end`, false, error.stderr?.trim().split("\n").at(-1) || error.message);
      for (const part of parts)
        process.stderr.write(await container("logs", "--tail", "20", `${name}-${part}-${arch}`).catch(() => ""));
    } finally {
      await remove(arch);
    }
  }
} finally {
  await container("network", "rm", name).catch(() => {});
  await rm(folder, { recursive: true, force: true });
}
tell();
