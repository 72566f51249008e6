// A member of the bench's team: runs its part of the plan until it is dismissed.
import { parentPort, workerData } from "node:worker_threads";

const { dist, plan, memory, kernels, thread } = workerData;
const { loadEngineKernels } = await import(new URL("src/engine/kernels/engine-kernels.js", dist).href);
const { runTeamMember } = await import(new URL("src/engine/parallel/team.js", dist).href);
const own = await loadEngineKernels(kernels, memory);
parentPort.postMessage("ready");
runTeamMember(plan, memory, own, thread);
