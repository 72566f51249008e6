import { expect, it } from "vitest";
import { crc32c, maskedCrc32c } from "../../../src/formats/event-files/crc32c.ts";

// RFC 3720, B.4, and the catalogue of parametrised CRC algorithms.
it.each([
  ["32 zeros", new Uint8Array(32), 0x8a9136aa],
  ["32 ones", new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ["ascending", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  ["descending", Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
  ["123456789", Buffer.from("123456789"), 0xe3069283],
])("CRC-32C of %s", (_name, bytes, sum) => {
  expect(crc32c(bytes)).toBe(sum);
  expect(maskedCrc32c(bytes)).toBe((((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0);
});
