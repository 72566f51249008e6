// npm run bench -- [--workload NAME,… | all] [--threads N] [--kernels auto|wasm|native] [--json] [--profile] [--torch] [--tfjs FOLDER]
//
// Prints one line for each workload: {workload, threads, kernels, samplesPerSecond, gflops, limit}, and with --torch and --tfjs what those made of the same
// workload in the same minute; several threads also take turns with one of ours. The machine's speed changes from second to second, so the libraries take turns of --seconds, --rounds times; rates are
// medians of the turns, ratios the median of the ratios within each turn.
import { parseArgs } from "node:util";
import { createDescentSide, loadEngine } from "./descent-side.mjs";
import { createGemm } from "./gemm.mjs";
import { limitOf, measureLimits } from "./limits.mjs";
import { startPartner } from "./partner.mjs";
import { showProfile } from "./profile.mjs";
import { workloads } from "./workloads.mjs";

const { values: options } = parseArgs({
  options: {
    workload: { type: "string", default: "all" },
    threads: { type: "string", default: "1" },
    kernels: { type: "string", default: "auto" },
    json: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
    torch: { type: "boolean", default: false },
    python: { type: "string", default: "/usr/bin/python3" },
    tfjs: { type: "string" },
    seconds: { type: "string", default: "0.5" },
    rounds: { type: "string", default: "7" },
    dist: { type: "string", default: new URL("../../dist/", import.meta.url).href },
  },
});

const median = (numbers) => {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted.length % 2
    ? sorted[(sorted.length - 1) / 2]
    : (sorted[sorted.length / 2 - 1] + sorted[sorted.length / 2]) / 2;
};
const round = (number) => Number(number.toPrecision(4));
const rateOf = ({ samples, seconds }) => samples / seconds;

const seconds = Number(options.seconds);
const rounds = Number(options.rounds);
const here = new URL(".", import.meta.url).pathname;

/** Our rate against a partner's, turn by turn; null if it cannot run the workload. */
const compare = (ours, theirs, version) => {
  if (theirs.some((turn) => turn === null)) return { version, samplesPerSecond: null };
  const ratios = ours.map((turn, index) => rateOf(turn) / rateOf(theirs[index]));
  return { version, samplesPerSecond: round(median(theirs.map(rateOf))), ratio: round(median(ratios)) };
};

const limits = measureLimits();
const limitsFor = (side) => {
  const { arithmetic, fused, memory } = limitOf(limits, side);
  return { arithmetic: round(arithmetic), fused: round(fused), memory: round(memory) };
};

const runWorkload = async (engine, name, partners) => {
  const side = await createDescentSide(engine, name, { threads: Number(options.threads), kernels: options.kernels });
  if (options.profile) showProfile(side);
  const alone =
    side.threads > 1 ? await createDescentSide(engine, name, { threads: 1, kernels: options.kernels }) : null;
  const ours = [];
  const ofOne = [];
  const theirs = new Map(Object.keys(partners).map((partner) => [partner, []]));
  for (let turn = 0; turn < rounds; turn++) {
    ours.push(side.run(seconds));
    if (alone) ofOne.push(alone.run(seconds));
    for (const [partner, turns] of theirs) {
      // Who could not run it the first time is not asked again.
      turns.push(turns.at(-1) === null ? null : await partners[partner].run(name, seconds));
    }
  }
  await side.close();
  await alone?.close();
  const samplesPerSecond = median(ours.map(rateOf));
  return {
    workload: name,
    threads: side.threads,
    kernels: side.kernelName,
    samplesPerSecond: round(samplesPerSecond),
    gflops: round((samplesPerSecond * side.flopsPerSample) / 1e9),
    ...(limits === null ? {} : { limit: limitsFor(side) }),
    ...(alone ? { oneThread: { ratio: round(median(ours.map((turn, i) => rateOf(turn) / rateOf(ofOne[i])))) } } : {}),
    ...Object.fromEntries(
      [...theirs].map(([partner, turns]) => [partner, compare(ours, turns, partners[partner].version)]),
    ),
  };
};

const runGemm = async (engine) => {
  const { run, kernelName } = await createGemm(engine, options.kernels, limits);
  run(0.1);
  const turns = Array.from({ length: rounds }, () => run(seconds / 2));
  return {
    workload: "gemm-512",
    threads: 1,
    kernels: kernelName,
    gflops: round(median(turns.map(({ gemm }) => gemm))),
    microkernelGflops: round(median(turns.map(({ peak }) => peak))),
    ratio: round(median(turns.map(({ gemm, peak }) => gemm / peak))),
    openblas: turns[0].blas === null ? null : round(median(turns.map(({ gemm, blas }) => gemm / blas))),
  };
};

const show = (result) => {
  if (options.json) return `${JSON.stringify(result)}\n`;
  const { workload, threads, kernels, samplesPerSecond, gflops, limit, oneThread, ratio, openblas, torch, tfjs } =
    result;
  const against = [
    ...(limit ? [`limit ${limit.arithmetic} (exact), ${limit.fused} (fused), ${limit.memory} (memory)`] : []),
    ...(oneThread ? [`${oneThread.ratio} × one thread`] : []),
    ...(ratio ? [`${ratio} of the microkernel`] : []),
    ...(openblas ? [`${openblas} × OpenBLAS`] : []),
    ...(torch ? [`${torch.ratio} × PyTorch ${torch.version} (${torch.samplesPerSecond})`] : []),
    ...(tfjs ? [tfjs.ratio ? `${tfjs.ratio} × tfjs ${tfjs.version}` : `tfjs ${tfjs.version} cannot run it`] : []),
  ];
  const rate = samplesPerSecond ? `${samplesPerSecond} samples/s  ` : "";
  return `${workload.padEnd(17)} ${kernels} ${threads}  ${rate}${gflops} GFLOP/s  ${against.join("  ")}\n`;
};

const engine = await loadEngine(new URL(options.dist, `file://${process.cwd()}/`));
const partners = {
  torch: options.torch ? await startPartner(options.python, [`${here}torch-bench.py`, options.threads]) : null,
  tfjs: options.tfjs ? await startPartner(process.execPath, [`${here}tfjs-bench.mjs`, options.tfjs]) : null,
};
const present = Object.fromEntries(Object.entries(partners).filter(([, partner]) => partner !== null));
const names = options.workload === "all" ? [...Object.keys(workloads), "gemm-512"] : options.workload.split(",");
const unknown = names.filter((name) => name !== "gemm-512" && !(name in workloads));
if (unknown.length > 0)
  throw new Error(`unknown workload ${unknown}: there are ${[...Object.keys(workloads), "gemm-512"].join(", ")}`);
if (limits !== null) {
  const { processor, exactGflops, fusedGflops, gigabytesPerSecond } = limits;
  const measured = {
    processor,
    exactGflops: round(exactGflops),
    fusedGflops: round(fusedGflops),
    gigabytesPerSecond: round(gigabytesPerSecond),
  };
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ limits: measured })}\n`
      : `one core of ${processor}: ${measured.exactGflops} GFLOP/s exact, ${measured.fusedGflops} fused, ${measured.gigabytesPerSecond} GB/s\n`,
  );
}
for (const name of names)
  process.stdout.write(show(name === "gemm-512" ? await runGemm(engine) : await runWorkload(engine, name, present)));
for (const partner of Object.values(present)) partner.close();
