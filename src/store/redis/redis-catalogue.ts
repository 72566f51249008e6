import type { Redis } from "ioredis";
import type { Dataset } from "../../domain/datasets/dataset.ts";
import { ServiceError } from "../../domain/errors.ts";
import type { TenantId } from "../../domain/ids.ts";
import type { Log } from "../../domain/log.ts";
import type { AnyModel } from "../../domain/models/model.ts";
import { artifactKeys } from "../artifacts/artifact-store.ts";
import type { Catalogue } from "../catalogue.ts";
import { defineScripts } from "./define-scripts.ts";
import { createManifestParser } from "./known-manifests.ts";
import { createManifestList } from "./manifest-list.ts";
import { createRedisAliases } from "./redis-aliases.ts";
import { onRedis } from "./redis-error.ts";
import { redisKeys } from "./redis-keys.ts";
import { createRedisModels, heldBy, holders, namesOf } from "./redis-models.ts";
import { createRemovals } from "./redis-removals.ts";
import { addManifest, listManifests, removeManifest } from "./scripts/catalogue.ts";
import { changeModel } from "./scripts/models.ts";

/** Catalogue on Redis: one JSON manifest a resource, an index by id, and a set of holders that a deletion asks first. */
export const createRedisCatalogue = (redis: Redis, log?: Log): Catalogue => {
  const parseManifest = createManifestParser();
  const scripts = defineScripts(redis, "catalogue", { addManifest, listManifests, removeManifest, changeModel });
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

  return {
    addDataset: async (tenant: TenantId, dataset: Dataset) => {
      const keys = [`${redisKeys.datasetPrefix(tenant)}:${dataset.id}`, redisKeys.datasetIndex(tenant)];
      await scripts.addManifest(keys, dataset.id, JSON.stringify(dataset));
    },
    dataset: (tenant, id) => read<Dataset>(`${redisKeys.datasetPrefix(tenant)}:${id}`, `There is no data set ${id}`),
    changeDataset: async (tenant, id, change) => {
      const keys = [`${redisKeys.datasetPrefix(tenant)}:${id}`, holders(tenant, id)];
      for (;;) {
        const text = await onRedis(() => redis.get(keys[0]!));
        if (text === null) throw new ServiceError("not_found", `There is no data set ${id}`);
        const changed = change(JSON.parse(text) as Dataset);
        const [outcome] = (await scripts.changeModel(keys, text, JSON.stringify(changed), 0)) as string[];
        if (outcome === "changed") return changed;
      }
    },
    datasets: (tenant, page) => list<Dataset>(redisKeys.datasetIndex(tenant), redisKeys.datasetPrefix(tenant), page),
    removeDataset: (tenant, id) => remove(tenant, "dataset", id, null),
    ...createRedisModels(redis, { parseManifest, list, remove }),
    ...createRemovals(redis),
    ...createRedisAliases(redis),
  };
};

const nameOf = { dataset: "data set", model: "model" } as const;
