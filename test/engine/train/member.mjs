// A member of a test's team. Node 20 starts no worker from a .ts file: this one runs what `npm run build` put into dist.
import { workerData } from "node:worker_threads";
import { loadEngineKernels } from "../../../dist/src/engine/kernels/engine-kernels.js";
import { runTeamMember } from "../../../dist/src/engine/parallel/team.js";

const { plan, memory, kernels, thread } = workerData;
runTeamMember(plan, memory, await loadEngineKernels(kernels, memory), thread);
