import type { Redis } from "ioredis";
import type { Dataset } from "../../domain/datasets/dataset.ts";
import { ServiceError } from "../../domain/errors.ts";
import type { TenantId } from "../../domain/ids.ts";
import type { Log } from "../../domain/log.ts";
import type { AnyModel } from "../../domain/models/model.ts";
import { artifactKeys } from "../artifacts/artifact-store.ts";
import type { Catalogue } from "../catalogue.ts";
import type { ConfirmedWrites } from "./connection/confirmed-writes.ts";
import type { StoreConnections } from "./connection/store-connections.ts";
import { defineScripts } from "./define-scripts.ts";
import { createKnownTexts } from "./known-texts.ts";
import { createManifestList } from "./manifest-list.ts";
import { createRedisAliases } from "./redis-aliases.ts";
import { onRedis } from "./redis-error.ts";
import { redisKeys } from "./redis-keys.ts";
import { createRedisModels, heldBy, holders, namesOf } from "./redis-models.ts";
import { createRemovals } from "./redis-removals.ts";
import { addManifest, changeRecord, listManifests, removeManifest } from "./scripts/catalogue.ts";

const createScripts = (redis: Redis, confirmed: ConfirmedWrites | null) =>
  defineScripts(
    redis,
    "catalogue",
    { addManifest, changeRecord, listManifests, removeManifest },
    { by: confirmed, names: ["addManifest", "changeRecord", "removeManifest"] },
  );

/** Catalogue on Redis: one JSON manifest a resource, an index by id, and a set of holders that a deletion asks first. */
export const createRedisCatalogue = (
  { redis, confirmed = null }: Omit<StoreConnections, "subscriber">,
  log?: Log,
): Catalogue => {
  const known = createKnownTexts<unknown>();
  const parseManifest = (key: string, text: string): unknown => known(key, text, () => JSON.parse(text));
  const scripts = createScripts(redis, confirmed);
  const read = async <T>(key: string, missing: string): Promise<T> => {
    const manifest = await onRedis(() => redis.get(key));
    if (manifest === null) throw new ServiceError("not_found", missing);
    return parseManifest(key, manifest) as T;
  };

  const list = createManifestList(scripts.listManifests, log);

  const remove = async (
    tenant: TenantId,
    kind: "dataset" | "model",
    id: string,
    model: AnyModel | null,
  ): Promise<void> => {
    const [prefix, index] =
      kind === "dataset"
        ? [redisKeys.datasetPrefix(tenant), redisKeys.datasetIndex(tenant)]
        : [redisKeys.modelPrefix(tenant), redisKeys.modelIndex(tenant)];
    const keys = [
      `${prefix}:${id}`,
      index,
      holders(tenant, id),
      redisKeys.aliases(tenant),
      redisKeys.removals(tenant),
      ...namesOf(tenant, model ?? { name: "" }),
      ...(model === null ? [] : heldBy(model)).map((each) => holders(tenant, each)),
    ];
    const files = kind === "dataset" ? artifactKeys.dataset(tenant, id) : artifactKeys.model(tenant, id);
    const [outcome, ...by] = (await scripts.removeManifest(keys, id, files)) as [string, ...string[]];
    if (outcome === "absent") throw new ServiceError("not_found", `There is no ${nameOf[kind]} ${id}`);
    if (outcome === "held") {
      throw new ServiceError("in_use", `${id} is needed by ${by.join(", ")}; delete or finish those first`);
    }
    if (outcome === "alias")
      throw new ServiceError("in_use", `${id} is what the alias ${by[0]} names; move the alias first`);
  };

  const replace = async <T>(
    tenant: TenantId,
    kind: "dataset" | "model",
    id: string,
    change: (record: T) => T,
    unused: boolean,
  ): Promise<T> => {
    const prefix = kind === "dataset" ? redisKeys.datasetPrefix(tenant) : redisKeys.modelPrefix(tenant);
    const record = `${prefix}:${id}`;
    for (;;) {
      const text = await onRedis(() => redis.get(record));
      if (text === null) throw new ServiceError("not_found", `There is no ${nameOf[kind]} ${id}`);
      const changed = change(JSON.parse(text) as T);
      const [outcome, ...by] = (await scripts.changeRecord(
        [record, holders(tenant, id)],
        ...[text, JSON.stringify(changed), unused ? 1 : 0],
      )) as [string, ...string[]];
      if (outcome === "changed") return changed;
      if (outcome === "held")
        throw new ServiceError("in_use", `${id} is needed by ${by.join(", ")}; wait until that is done`);
    }
  };

  return {
    addDataset: async (tenant: TenantId, dataset: Dataset) => {
      const keys = [`${redisKeys.datasetPrefix(tenant)}:${dataset.id}`, redisKeys.datasetIndex(tenant)];
      await scripts.addManifest(keys, dataset.id, JSON.stringify(dataset));
    },
    dataset: (tenant, id) => read<Dataset>(`${redisKeys.datasetPrefix(tenant)}:${id}`, `There is no data set ${id}`),
    changeDataset: (tenant, id, change) => replace(tenant, "dataset", id, change, false),
    datasets: (tenant, page) => list<Dataset>(redisKeys.datasetIndex(tenant), redisKeys.datasetPrefix(tenant), page),
    removeDataset: (tenant, id) => remove(tenant, "dataset", id, null),
    ...createRedisModels(redis, { confirmed, parseManifest, list, remove, replace }),
    ...createRemovals(redis),
    ...createRedisAliases(redis, confirmed),
  };
};

const nameOf = { dataset: "data set", model: "model" } as const;
