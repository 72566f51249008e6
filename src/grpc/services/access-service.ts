import { createToken } from "../../usecases/access/create-token.ts";
import { unary, type Wiring } from "../call.ts";
import type * as wire from "../generated/descent/v1/access.ts";

export const createAccessService = (wiring: Wiring): wire.AccessServiceServer => {
  const { deps } = wiring;
  return {
    createToken: unary(wiring, "createToken", (caller, body) => createToken(deps, caller, { body })),
  };
};
