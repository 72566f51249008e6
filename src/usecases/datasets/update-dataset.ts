import { type CsvProfile, profileCsv } from "../../data/columns/profile-csv.ts";
import { type Dataset, UpdateDatasetRequest } from "../../domain/datasets/dataset.ts";
import { invalidAt, orNull, ServiceError } from "../../domain/errors.ts";
import type { TenantId } from "../../domain/ids.ts";
import { limits } from "../../domain/limits.ts";
import { dialectOf } from "../../formats/csv/csv-dialect.ts";
import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import { encodeManifest } from "../../store/artifacts/manifest-file.ts";
import { publishManifest } from "../../store/artifacts/publish-manifest.ts";
import { checkFile, openVerified } from "../../store/artifacts/verified.ts";
import { versionOf } from "../../store/dataset-version.ts";
import type { Caller } from "../admission/caller.ts";
import { parse } from "../admission/parse.ts";
import { openRoom, secureGrowth } from "../admission/room.ts";
import type { Deps } from "../deps.ts";
import { unlessDeleted } from "../models/unless-deleted.ts";
import { getDataset } from "./get-dataset.ts";

type Types = NonNullable<Dataset["types"]>;

const openFile = (deps: Deps, tenant: TenantId, dataset: Dataset) => {
  const key = artifactKeys.datasetFile(tenant, dataset.id, dataset.format);
  return openVerified(deps.artifacts, key, checkFile(dataset), `the file of ${dataset.id}`);
};

/** The types that are stated from now on: those of before, and what is asked for; null takes one back. */
const statedTypes = (dataset: Dataset, asked: NonNullable<UpdateDatasetRequest["types"]>): Types => {
  const stated = new Map(Object.entries(dataset.types ?? {}));
  for (const [name, type] of Object.entries(asked)) {
    if (type === null) stated.delete(name);
    else stated.set(name, type);
  }
  return Object.fromEntries(stated);
};

/** Columns that nobody asked about keep their types, whatever this version of the service would infer. */
const unasked = (dataset: Dataset, profile: CsvProfile, asked: ReadonlySet<string>): Types => {
  const found = new Map(profile.columns.map(({ name, type }) => [name, type]));
  const others = dataset.columns.filter(({ name, type }) => !asked.has(name) && found.get(name) !== type);
  return Object.fromEntries(others.flatMap(({ name, type }) => (type === "image" ? [] : [[name, type]])));
};

/** The file read once more, with these types. */
const profileAgain = async (
  deps: Deps,
  tenant: TenantId,
  dataset: Dataset,
  asked: NonNullable<UpdateDatasetRequest["types"]>,
): Promise<Pick<Dataset, "columns"> & { types: Types }> => {
  const stated = statedTypes(dataset, asked);
  const read = async (types: Types): Promise<CsvProfile> =>
    profileCsv(await openFile(deps, tenant, dataset), { types, dialect: dialectOf(dataset) });
  const profile = await read(stated);
  const kept = unasked(dataset, profile, new Set(Object.keys(asked)));
  if (Object.keys(kept).length === 0) return { columns: profile.columns, types: stated };
  const types = { ...stated, ...kept };
  return { columns: (await read(types)).columns, types };
};

const requireColumns = (dataset: Dataset, asked: NonNullable<UpdateDatasetRequest["types"]>): void => {
  if (dataset.format === "images")
    throw invalidAt("/types", "of a data set of images types are stated when it is uploaded; upload it again");
  const known = new Set(dataset.columns.map(({ name }) => name));
  const stranger = Object.keys(asked).find((name) => !known.has(name));
  if (stranger !== undefined)
    throw invalidAt("/types", `the data set has no column ${JSON.stringify(stranger)}; name one of its columns`);
};

/** Trials of a study are compared, so that all of them must see the same types. */
const requireNoStudy = async ({ studies }: Pick<Deps, "studies">, tenant: TenantId, { id }: Dataset): Promise<void> => {
  for (const open of await studies.open()) {
    if (open.tenant !== tenant) continue;
    const study = await orNull(studies.get(tenant, open.id));
    if (study?.study.spec.job.dataset === id)
      throw new ServiceError("in_use", `${open.id} compares trials on ${id}; wait until it is done, or cancel it`);
  }
};

/**
 * Changes a data set's name, labels or the types of its columns, for which its file is read once more. Jobs that were planned keep the types of their plan: the record of
 * before stays in the store, under the version that their plans name. `invalid_csv` with the line of a cell that has not the type; `precondition_failed` where somebody
 * else has changed the types meanwhile.
 */
export const updateDataset = async (
  deps: Deps,
  caller: Caller,
  { id, body }: { id: string; body: unknown },
): Promise<Dataset> => {
  const asked = parse(UpdateDatasetRequest, body, { most: { keys: limits.columns, parts: 3 } });
  if (Object.values(asked).every((value) => value === undefined))
    throw new ServiceError("invalid", "state what is to be changed: name, types or labels");
  const { tenant } = caller;
  const found = await getDataset(deps, caller, { id });
  const { name, labels } = asked;
  // No column named is nothing to read again, and no other version.
  const types = Object.keys(asked.types ?? {}).length === 0 ? undefined : asked.types;
  if (types !== undefined) {
    requireColumns(found, types);
    await requireNoStudy(deps, tenant, found);
  }
  const files = artifactKeys.dataset(tenant, found.id);
  const room = await openRoom(deps, caller, files);
  try {
    return await unlessDeleted(
      () => getDataset(deps, caller, { id }),
      async () => {
        const profile = types === undefined ? null : await profileAgain(deps, tenant, found, types);
        const change = (now: Dataset): Dataset => {
          if (profile !== null && versionOf(now) !== versionOf(found))
            throw new ServiceError(
              "precondition_failed",
              `the types of ${now.id} were changed meanwhile; read it again`,
            );
          return {
            ...now,
            ...(name === undefined ? {} : { name }),
            ...(labels === undefined ? {} : { labels }),
            ...(profile === null ? {} : { ...profile, version: versionOf(now) + 1 }),
          };
        };
        const before = encodeManifest(found);
        const after = encodeManifest(change(found)).length;
        await secureGrowth(deps, room, files, profile === null ? after - before.length : after);
        if (profile !== null)
          await deps.artifacts.write(artifactKeys.datasetVersion(tenant, found.id, versionOf(found)), before);
        const changed = await deps.catalogue.changeDataset(tenant, found.id, change);
        await publishManifest(deps.artifacts, artifactKeys.datasetManifest(tenant, found.id), changed, () =>
          deps.catalogue.dataset(tenant, found.id),
        );
        return changed;
      },
    );
  } finally {
    await room.close();
  }
};
