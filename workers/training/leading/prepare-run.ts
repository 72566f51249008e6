import { prepare } from "../../../src/data/preprocessing/prepare.ts";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { Preprocessing } from "../../../src/domain/models/model.ts";
import type { NetworkDescription } from "../../../src/domain/models/network.ts";
import type { ArtifactStore } from "../../../src/store/artifacts/artifact-store.ts";
import type { FoldName, FromThread, RunOrder } from "../../engine/protocol.ts";
import { readBase } from "../read-base.ts";
import { readData } from "../read-data.ts";
import type { TrainingRun } from "../training-run.ts";
import { tellPhase } from "./tell-phase.ts";

/** Calls the team together, reads the base's weights, and prepares the data of one fit. */
export const prepareRun = async (
  trainingRun: TrainingRun,
  spec: ResolvedJobSpec,
  order: RunOrder,
  { artifacts, network }: { artifacts: ArtifactStore; network: NetworkDescription | null },
  post: (message: FromThread) => void,
  of: FoldName | null = null,
): Promise<{ initial: Map<string, Float32Array> | null; preprocessing: Preprocessing }> => {
  const { dataset } = order;
  tellPhase(post, "read", of);
  if (trainingRun.team !== null) post({ type: "recruit", team: trainingRun.team });
  const initial = await readBase(artifacts, order, network);
  const intake = trainingRun.intake?.(initial ?? new Map(), order.control) ?? null;
  const preprocessing = await readData(artifacts, order, (openStream) =>
    prepare(spec, dataset, openStream, trainingRun.arrays, order.base, trainingRun.ownUnits, intake),
  );
  const reader = trainingRun.reader?.(preprocessing) ?? null;
  if (reader !== null) {
    const { tenant, artifactUrl, artifactCache } = order;
    post({ type: "recruit_reader", order: { tenant, dataset, artifactUrl, artifactCache, ...reader } });
  }
  return { initial, preprocessing };
};
