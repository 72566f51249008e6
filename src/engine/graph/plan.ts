import { type KernelName, kernelInfo } from "../kernels/interface.ts";
import { placeLifetimes } from "../tensor/arena.ts";
import { assert } from "./assert.ts";
import type { Argument, Buffer } from "./emitter.ts";
import { flopsOf, type PlanRequest, recordCalls } from "./record.ts";
import { type ScheduledCall, schedule } from "./schedule.ts";

/** Bytes from `start` to `end` of the memory. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** One kernel call, all but its (start, end). */
export interface PlanCall {
  readonly kernel: KernelName;
  readonly args: readonly number[];
  /** Position of the argument that each thread replaces by its own scratch memory; -1 if there is none. */
  readonly scratch: number;
  readonly units: number;
  readonly grain: number;
  readonly reads: readonly ByteRange[];
  readonly writes: readonly ByteRange[];
  /** Whether all threads must have ended the calls before this one. */
  readonly barrier: boolean;
  /** Whether it computes what another has computed before; absent: no. */
  readonly again?: boolean;
}

/** What a team runs: a plain value. */
export interface ExecutionPlan {
  readonly calls: readonly PlanCall[];
  readonly flops: number;
  /** Of them, those that are done a second time. Absent: none. */
  readonly recomputedFlops?: number;
  /** Bytes of intermediate tensors, from the arena's offset on. */
  readonly arenaBytes: number;
}

/** Offsets of all buffers: those with a place of their own, and the others in the arena by their lifetimes. */
const placeBuffers = (
  calls: readonly ScheduledCall[],
  arenaOffset: number,
): { offsets: Map<number, number>; bytes: number } => {
  const buffers = new Map<number, { buffer: Buffer; first: number; last: number }>();
  for (const { touches, level } of calls) {
    for (const { buffer } of touches) {
      const known = buffers.get(buffer.id);
      if (known) known.last = level;
      else buffers.set(buffer.id, { buffer, first: level, last: level });
    }
  }
  const offsets = new Map<number, number>();
  // Calls of one level run at the same time, so a lifetime is counted in levels.
  const floating = [...buffers.values()].filter(({ buffer }) => buffer.offset === null);
  const arena = placeLifetimes(floating.map(({ buffer, first, last }) => ({ bytes: buffer.bytes, first, last })));
  for (const { buffer } of buffers.values()) if (buffer.offset !== null) offsets.set(buffer.id, buffer.offset);
  floating.forEach(({ buffer }, index) => {
    offsets.set(buffer.id, arenaOffset + arena.offsets[index]!);
  });
  return { offsets, bytes: arena.bytes };
};

const resolve = (argument: Argument, offsets: ReadonlyMap<number, number>): number => {
  if (typeof argument === "number") return argument;
  if (typeof argument === "string") return 0;
  const [buffer, shift] = "buffer" in argument ? [argument.buffer, argument.byteOffset] : [argument, 0];
  const offset = offsets.get(buffer.id);
  assert(offset !== undefined, "every buffer has a place");
  return offset + shift;
};

/**
 * Turns the results of a graph into a flat list of kernel calls over one memory: calls ordered in levels, intermediate tensors placed in one arena by
 * liveness, barriers between levels. Nothing is allocated when the plan runs.
 */
export const plan = (request: PlanRequest): ExecutionPlan => {
  const scheduled = schedule(recordCalls(request));
  const { offsets, bytes } = placeBuffers(scheduled, request.arenaOffset);
  const calls = scheduled.map(({ call, touches, level }, index): PlanCall => {
    const range = ({ id, bytes: size }: Buffer): ByteRange => ({
      start: offsets.get(id)!,
      end: offsets.get(id)! + size,
    });
    return {
      kernel: call.kernel,
      args: call.args.map((argument) => resolve(argument, offsets)),
      scratch: call.args.indexOf("scratch"),
      units: call.units,
      grain: kernelInfo[call.kernel].grain,
      reads: touches.filter(({ written }) => !written).map(({ buffer }) => range(buffer)),
      writes: touches.filter(({ written }) => written).map(({ buffer }) => range(buffer)),
      barrier: index > 0 && level !== scheduled[index - 1]!.level,
      ...(call.again ? { again: true } : {}),
    };
  });
  return {
    calls,
    flops:
      flopsOf(
        request.graph,
        request.results.map(({ value }) => value),
      ) + (request.tailFlops ?? 0),
    arenaBytes: bytes,
  };
};
