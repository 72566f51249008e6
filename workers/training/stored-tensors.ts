import { ServiceError } from "../../src/domain/errors.ts";
import { decodeSafetensors, type SafetensorsFile } from "../../src/formats/safetensors/safetensors.ts";
import { corrupt } from "../../src/store/artifacts/verified.ts";

/** A file that this service wrote: what is wrong with it is damage, not somebody's bad input. */
export const decodeStored = (file: Uint8Array, what: string): SafetensorsFile => {
  try {
    return decodeSafetensors(file);
  } catch (error) {
    if (error instanceof ServiceError) throw corrupt(what, `cannot be read (${error.message})`, error);
    throw error;
  }
};
