// Where a step's time goes: npm run bench -- --profile --workload NAME. Each kernel call of the step is run many times by itself on one thread; what it
// costs in the step, with the caches as the calls before it left them, is somewhat more.
import { performance } from "node:perf_hooks";

const flopsOf = ({ kernel, args }) => {
  if (kernel === "gemm") return 2 * args[5] * args[6] * args[7];
  const conv = {
    conv2d: 7,
    conv2dInputGrad: 4,
    conv2dWeightGrad: 5,
  }[kernel];
  if (conv === undefined) return 0;
  const [batch, , , channels, outHeight, outWidth, outChannels, kernelHeight, kernelWidth, , , , , , , groups] =
    args.slice(conv);
  return (2 * batch * outHeight * outWidth * outChannels * kernelHeight * kernelWidth * channels) / groups;
};

/** Microseconds of one run of a call, the least of some turns. */
const timeCall = (run) => {
  run();
  let least = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < 7; turn++) {
    const startMs = performance.now();
    let runs = 0;
    let takenMs = 0;
    while (takenMs < 2) {
      run();
      runs += 1;
      takenMs = performance.now() - startMs;
    }
    least = Math.min(least, (takenMs * 1000) / runs);
  }
  return least;
};

/** Prints the calls of a side's step, in order, with their time, share and GFLOP/s. */
export const showProfile = ({ plan, kernels, calls }) => {
  const rows = calls.map((call) => {
    const args = call.args.map((argument, position) => (position === call.scratch ? plan.scratchOffsets[0] : argument));
    const all = [...args, 0, call.units];
    const isNative = kernels.native?.has(call.kernel) ?? false;
    const run = isNative
      ? kernels.native.bind([{ kernel: call.kernel, args: all }], { threads: 1, syncOffset: 0 })
      : () => kernels.wasm[call.kernel](...all);
    const microseconds = timeCall(run);
    return { call, microseconds, flops: flopsOf(call) };
  });
  const total = rows.reduce((sum, { microseconds }) => sum + microseconds, 0);
  for (const { call, microseconds, flops } of rows) {
    const share = `${((100 * microseconds) / total).toFixed(1)} %`;
    const rate = flops > 0 ? `${(flops / microseconds / 1000).toFixed(1)} GFLOP/s` : "";
    const shape = call.args.filter((argument) => argument < 65536 && argument >= 0).join(" ");
    const columns = [
      call.barrier ? "|" : " ",
      call.kernel.padEnd(26),
      `${microseconds.toFixed(2)} µs`.padStart(12),
      share.padStart(8),
    ];
    process.stdout.write(`${columns.join(" ")} ${rate.padStart(15)}  ${shape}\n`);
  }
  process.stdout.write(`  ${"sum".padEnd(26)} ${`${total.toFixed(2)} µs`.padStart(12)}\n`);
};
