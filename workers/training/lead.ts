import { dataShape } from "../../src/data/preprocessing/data-shape.ts";
import { countRows } from "../../src/data/splits/count-rows.ts";
import { assert } from "../../src/domain/errors.ts";
import type { ResolvedJobSpec } from "../../src/domain/jobs/spec/job-spec.ts";
import type { KernelSource } from "../../src/engine/kernels/engine-kernels.ts";
import type { ArtifactStore } from "../../src/store/artifacts/artifact-store.ts";
import { readNetwork } from "../../src/store/artifacts/read-network.ts";
import { beat, currentSignal } from "../engine/control.ts";
import type { FromThread, RunEnd, RunOrder } from "../engine/protocol.ts";
import { readResumePoint } from "./checkpoint-file.ts";
import { dataEvents } from "./data-events.ts";
import { crossValidate, type World } from "./folds/cross-validate.ts";
import { createRun, takeMemory } from "./leading/create-run.ts";
import { leaveRoomBeside } from "./leading/leave-room.ts";
import { noteHeldOut } from "./leading/note-held-out.ts";
import { prepareRun } from "./leading/prepare-run.ts";
import { publishWeights } from "./leading/publish-weights.ts";
import { createContext, createReports } from "./leading/reports.ts";
import { tellPhase } from "./leading/tell-phase.ts";
import { tellStart } from "./leading/tell-start.ts";
import { readData } from "./read-data.ts";
import { measureAndRefit } from "./refit/measure-and-refit.ts";
import { StoppedReading } from "./stop-reading.ts";
import { patiently } from "./store-retry.ts";
import type { TrainingRun, TrainingRunEnd } from "./training-run.ts";

const run = async (trainingRun: TrainingRun, order: RunOrder, { artifacts, network, post }: World): Promise<RunEnd> => {
  const { initial, preprocessing } = await prepareRun(trainingRun, order.spec, order, { artifacts, network }, post);
  const resume = await readResumePoint(artifacts, order, post);
  tellStart(resume, resume === null ? 0 : trainingRun.secondsOf(resume.state), post);
  if (currentSignal(order.control) !== "go") return { type: "stopped" };
  const reports = createReports(post);
  const context = createContext(artifacts, order, reports, post);
  if (resume === null && order.base === null)
    for (const event of dataEvents(preprocessing, trainingRun.arrays)) context.onEvent(event);
  let end: TrainingRunEnd;
  try {
    end = await trainingRun.fit({ ...context, preprocessing, initial, resume });
  } finally {
    // A fit that fails has told what led to it.
    reports.flush();
  }
  assert(end.type !== "judged" && end.type !== "refitted", "only folds are judged");
  if (end.type !== "completed") return end;
  tellPhase(post, "store");
  return publishWeights(artifacts, order, preprocessing, end, network);
};

const fitOnce = async (spec: ResolvedJobSpec, order: RunOrder, world: World): Promise<RunEnd> => {
  const { network, kernels } = world;
  const shape = dataShape(spec, order.dataset, order.base);
  const take = (memoryBytes: number): WebAssembly.Memory => takeMemory(order, memoryBytes);
  const traced = network === null ? spec : { ...spec, network };
  const trainingRun = await createRun(traced, shape, kernels, take, order);
  noteHeldOut(trainingRun, spec, shape);
  try {
    return await run(trainingRun, order, world);
  } finally {
    trainingRun.dismiss();
  }
};

/**
 * A team as large as the trainer may have: how many compute changes no bit, and more of them than cores only wait for each other. And no more memory than was
 * admitted: what a smaller team leaves free must not make the plan another one.
 */
const withinTrainer = ({ spec, admitted }: RunOrder): ResolvedJobSpec => ({
  ...spec,
  resources: {
    ...spec.resources,
    threads: Math.min(spec.resources.threads, admitted.threads),
    memoryBytes: Math.min(spec.resources.memoryBytes, admitted.memoryBytes),
  },
});

/**
 * Runs a whole job on this thread and its team: reads and prepares the data, resumes, fits, and leaves the weights in the
 * store. Commits nothing: that is the main thread's, under the job's fence.
 */
export const leadJob = async (
  given: RunOrder,
  {
    artifacts,
    kernels,
    post,
  }: { artifacts: ArtifactStore; kernels: KernelSource; post: (message: FromThread) => void },
): Promise<RunEnd> => {
  // While data are read the event loop turns; while the fit computes, the trainingRun counts.
  const alive = setInterval(() => beat(given.control), 500);
  try {
    tellPhase(post, "read");
    const spec = withinTrainer(given);
    const dataset = await readData(artifacts, given, (openStream) => countRows(spec, given.dataset, openStream));
    const order = { ...given, dataset };
    const { base } = order;
    const network = base === null ? null : await patiently(() => readNetwork(artifacts, order.tenant, base));
    const world = { artifacts, network, kernels, post };
    const { crossValidation, refit, learningCurve } = spec.training;
    if (crossValidation === undefined && refit !== true && learningCurve === undefined)
      return await fitOnce(spec, order, world);
    const beside = leaveRoomBeside(spec, dataset, base, network);
    return await (crossValidation === undefined ? measureAndRefit : crossValidate)(beside, order, world);
  } catch (error) {
    if (error instanceof StoppedReading) return { type: "stopped" };
    throw error;
  } finally {
    clearInterval(alive);
  }
};
