import type { AliasCondition } from "../../domain/models/alias.ts";
import { deleteAlias } from "../../usecases/aliases/delete-alias.ts";
import { getAlias } from "../../usecases/aliases/get-alias.ts";
import { listAliasHistory } from "../../usecases/aliases/list-alias-history.ts";
import { listAliases } from "../../usecases/aliases/list-aliases.ts";
import { putAlias } from "../../usecases/aliases/put-alias.ts";
import { unary, type Wiring } from "../call.ts";
import type * as wire from "../generated/descent/v1/aliases.ts";

const toCondition = (condition: wire.AliasCondition | undefined): AliasCondition => {
  const kind = condition?.kind;
  if (kind === undefined) return null;
  return kind.$case === "revision" ? kind.value : kind.value ? "present" : "absent";
};

export const createAliasesService = (wiring: Wiring): wire.AliasesServiceServer => {
  const { deps } = wiring;
  return {
    putAlias: unary(wiring, "putAlias", async (caller, { name, model, condition }) => {
      const request = { name, body: { model }, condition: toCondition(condition) };
      return (await putAlias(deps, caller, request)).alias;
    }),
    listAliases: unary(wiring, "listAliases", async (caller, request) => {
      const { items, nextPageToken } = await listAliases(deps, caller, request);
      return { items, nextPageToken: nextPageToken ?? undefined };
    }),
    getAlias: unary(wiring, "getAlias", (caller, { name }) => getAlias(deps, caller, { name })),
    listAliasHistory: unary(wiring, "listAliasHistory", async (caller, { name }) => {
      const { items } = await listAliasHistory(deps, caller, { name });
      return {
        items: items.map(({ model, by, ...change }) => ({ ...change, model: model ?? undefined, by: by ?? undefined })),
      };
    }),
    deleteAlias: unary(wiring, "deleteAlias", async (caller, { name, condition }) => {
      await deleteAlias(deps, caller, { name, condition: toCondition(condition) });
      return {};
    }),
  };
};
