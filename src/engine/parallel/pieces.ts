import { touchedBytes, workOf } from "../graph/call-work.ts";
import type { PlanCall } from "../graph/plan.ts";
import { isDepthwise } from "../kernels/families/convolution.ts";
import { kernelInfo } from "../kernels/interface.ts";
import { partOf, type UnitRange } from "./partition.ts";

/** A piece is worth some ten microseconds at least: to take one costs a tenth of one, and threads that have none left wait for about half of one. */
const [flopsOfPiece, bytesOfPiece] = [1.5e6, 200e3];
/** Into how many pieces a thread's part is cut at most. */
const mostPieces = 8;

const argumentOf = ({ kernel, args }: PlanCall, name: string): number =>
  args[(kernelInfo[kernel].args as readonly string[]).indexOf(name)]!;

/** Units that stay together because a kernel reads, packs or copies for all of them what it would read, pack or copy for each piece again; null: the whole part. */
const togetherOf = (call: PlanCall): number | null => {
  const of = (name: string): number => argumentOf(call, name);
  switch (call.kernel) {
    // Enough rows for what it reads of the other matrix and copies.
    case "gemm":
    case "gemmBatched":
      return 30;
    case "conv2d":
      // Lines of all channels, each read by the lines beside it too.
      if (isDepthwise({ channels: of("channels"), outChannels: of("outChannels"), groups: of("groups") }))
        return 2 * of("outWidth");
      // A small image is copied with its padding; a large one is read tap by tap.
      return Math.max(24, of("channels") / of("groups") < 16 ? Math.ceil((of("outHeight") * of("outWidth")) / 4) : 0);
    // For its weights it reads all pixels, and copies small images.
    case "conv2dWeightGrad":
      return of("outChannels") / of("groups") <= 32 ? null : 15;
    case "packB":
      return 8;
    // Of a row a line of the cache at least, and neighbours too.
    case "batchNormStatistics":
    case "batchNormParameterGrad":
    case "sumRows":
    case "everActive":
    case "depthwiseWeightGrad":
      return 32;
    default:
      return call.grain;
  }
};

const piecesOf = (call: PlanCall, threads: number): number => {
  const { work, unit } = workOf(call);
  const worth = unit === "flops" ? work / flopsOfPiece : touchedBytes(call) / bytesOfPiece;
  return Math.max(1, Math.min(mostPieces, Math.floor(worth / threads)));
};

/** One thread's part of a call, cut where others may take over: consecutive, and all about as large. */
export const cutPart = (call: PlanCall, thread: number, threads: number): UnitRange[] => {
  const { start, end } = partOf(call.units, call.grain, thread, threads);
  if (start >= end) return [];
  const together = togetherOf(call);
  const most = together === null ? 1 : Math.floor((end - start) / together);
  const count = Math.max(1, Math.min(piecesOf(call, threads), most));
  const groups = Math.ceil((end - start) / (together ?? end - start));
  const bound = (index: number): number =>
    Math.min(end, start + Math.floor((groups * index) / count) * (together ?? end - start));
  return Array.from({ length: count }, (_, index) => ({
    start: bound(index),
    end: index === count - 1 ? end : bound(index + 1),
  }));
};
