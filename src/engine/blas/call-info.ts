import { type KernelName, kernelInfo } from "../kernels/interface.ts";
import type { KernelInfo } from "../kernels/kernel-info.ts";
import { type BlasKernelName, blasInfo } from "./blas-kernels.ts";

/** What a plan's call may name. */
export type CallName = KernelName | BlasKernelName;

/** Argument names, split unit and grain of everything a plan may call. */
export const callInfo: Readonly<Record<CallName, KernelInfo>> = { ...kernelInfo, ...blasInfo };
