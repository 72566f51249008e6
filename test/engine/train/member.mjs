// A member of a test's team. Node 20 starts no worker from a .ts file: this one runs what `npm run build` put into dist.
import { workerData } from "node:worker_threads";
import { instantiateKernels } from "../../../dist/src/engine/kernels/load.js";
import { runTeamMember } from "../../../dist/src/engine/parallel/team.js";

const { plan, memory, module, thread } = workerData;
runTeamMember(plan, memory, instantiateKernels(module, memory), thread);
