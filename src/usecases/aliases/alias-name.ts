import { ServiceError } from "../../domain/errors.ts";
import { AliasName } from "../../domain/ids.ts";

/** What cannot be a name names nothing. */
export const parseAliasName = (name: string): string => {
  if (AliasName.safeParse(name).success) return name;
  throw new ServiceError("not_found", `there is no alias ${JSON.stringify(name.slice(0, 80))}`);
};
