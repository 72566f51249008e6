import type { Redis } from "ioredis";
import { ServiceError } from "../../domain/errors.ts";
import { ModelId, type TenantId } from "../../domain/ids.ts";
import { limits } from "../../domain/limits.ts";
import type { AnyModel } from "../../domain/models/model.ts";
import type { Page, PageRequest } from "../../domain/page.ts";
import type { Catalogue } from "../catalogue.ts";
import type { ConfirmedWrites } from "./connection/confirmed-writes.ts";
import { defineScripts } from "./define-scripts.ts";
import { onRedis } from "./redis-error.ts";
import { redisKeys } from "./redis-keys.ts";
import { addModel, listVersions, readNamed } from "./scripts/models.ts";

export const holders = (tenant: TenantId, id: string): string => `${redisKeys.holdersPrefix(tenant)}:${id}`;

/** What keeps the versions of a name. */
export const namesOf = (tenant: TenantId, { name }: Pick<AnyModel, "name">): [string, string] => [
  redisKeys.named(tenant, name),
  redisKeys.versions(tenant, name),
];

/** Where a model comes from can be looked up as long as it exists. */
export const heldBy = ({ dataset, base }: AnyModel): string[] => [dataset, base].filter((id) => id !== null);

interface Tools {
  confirmed: ConfirmedWrites | null;
  parseManifest: (key: string, text: string) => unknown;
  list<T>(index: string, prefix: string, page: PageRequest): Promise<Page<T>>;
  remove(tenant: TenantId, kind: "model", id: string, model: AnyModel | null): Promise<void>;
  /** Changes a record in one step; asks again, should others change it meanwhile. */
  replace<T>(tenant: TenantId, kind: "model", id: string, change: (record: T) => T, unused: boolean): Promise<T>;
}

type Models = Pick<
  Catalogue,
  "addModel" | "changeModel" | "versions" | "model" | "models" | "removeModel" | "referrers"
>;

/** The models of the catalogue. */
export const createRedisModels = (redis: Redis, { confirmed, parseManifest, list, remove, replace }: Tools): Models => {
  const scripts = defineScripts(
    redis,
    "models",
    { addModel, listVersions, readNamed },
    { by: confirmed, names: ["addModel"] },
  );
  const recordOf = (tenant: TenantId, id: string): string => `${redisKeys.modelPrefix(tenant)}:${id}`;
  return {
    addModel: async (tenant, model) => {
      const keys = [
        recordOf(tenant, model.id),
        redisKeys.modelIndex(tenant),
        ...namesOf(tenant, model),
        ...heldBy(model).map((each) => holders(tenant, each)),
      ];
      return JSON.parse(String(await scripts.addModel(keys, model.id, JSON.stringify(model), model.version ?? "")));
    },
    changeModel: (tenant, id, change, { unused }) => replace(tenant, "model", id, change, unused),
    versions: async (tenant, name, version) => {
      const flat = (await scripts.listVersions(
        namesOf(tenant, { name }),
        version ?? "",
        limits.listedVersions,
      )) as string[];
      return Array.from({ length: flat.length / 2 }, (_, i) => ({
        version: Number(flat[2 * i]),
        model: flat[2 * i + 1]!,
      })).sort((a, b) => a.version - b.version);
    },
    model: async (tenant, idOrAlias) => {
      const isId = ModelId.safeParse(idOrAlias).success;
      // An alias is resolved and read in one step: it always names a model that exists.
      const [id, manifest] = isId
        ? [idOrAlias, await onRedis(() => redis.get(recordOf(tenant, idOrAlias)))]
        : ((await scripts.readNamed([redisKeys.aliases(tenant), redisKeys.modelPrefix(tenant)], idOrAlias)) as [
            string,
            string | null,
          ]);
      if (manifest === null) throw new ServiceError("not_found", `There is no model ${idOrAlias}`);
      return parseManifest(recordOf(tenant, id), manifest) as AnyModel;
    },
    models: (tenant, page) => list<AnyModel>(redisKeys.modelIndex(tenant), redisKeys.modelPrefix(tenant), page),
    removeModel: async (tenant, id) => {
      const manifest = await onRedis(() => redis.get(recordOf(tenant, id)));
      const model: AnyModel | null = manifest === null ? null : JSON.parse(manifest);
      await remove(tenant, "model", id, model);
    },
    referrers: async (tenant, id, most) => {
      // Distinct ones; all of them if there are no more.
      const found = await onRedis(() => redis.srandmember(holders(tenant, id), most));
      return (found ?? []).sort();
    },
  };
};
