import type { OpenStream } from "../../src/data/splits/split-rows.ts";
import { ServiceError } from "../../src/domain/errors.ts";
import { type ArtifactStore, artifactKeys } from "../../src/store/artifacts/artifact-store.ts";
import { checkFile, openVerified, requireIntact } from "../../src/store/artifacts/verified.ts";
import type { RunOrder } from "../engine/protocol.ts";
import { StoppedReading, untilSignalled } from "./stop-reading.ts";
import { patiently } from "./store-retry.ts";

/** What is no sign of damage: the world's errors, and those that name the damage already. */
const isKnown = (error: unknown): boolean =>
  error instanceof StoppedReading || (error instanceof ServiceError && ["unavailable", "corrupt"].includes(error.code));

/**
 * Lets the job's data set be read, each time it is opened held against its digest: `corrupt` at the end of a file that is not what was
 * uploaded. What goes wrong before the end may be damage too, so the rest of the file is asked before the reader is believed.
 */
export const readData = async <T>(
  artifacts: ArtifactStore,
  { tenant, dataset, control }: RunOrder,
  read: (openStream: OpenStream) => Promise<T>,
): Promise<T> => {
  const key = artifactKeys.datasetFile(tenant, dataset.id, dataset.format);
  const what = `the file of ${dataset.id}`;
  try {
    return await read(async () =>
      untilSignalled(control, await patiently(() => openVerified(artifacts, key, checkFile(dataset), what))),
    );
  } catch (error) {
    if (!isKnown(error)) await patiently(() => requireIntact(artifacts, key, checkFile(dataset), what));
    throw error;
  }
};
