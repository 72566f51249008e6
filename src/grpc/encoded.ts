import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { createTurnTaker } from "../domain/turn-taker.ts";
import { ListValue, Struct } from "./generated/google/protobuf/struct.ts";

/** A message in its bytes: one that takes long to write is written in parts, between which the event loop turns. */
export class Encoded<Message> {
  /** For the compiler alone: what the bytes are of. */
  declare readonly message: Message;
  readonly bytes: Uint8Array;
  /** Of what the message is about. */
  readonly id: string | undefined;
  constructor(bytes: Uint8Array, id?: string) {
    this.bytes = bytes;
    this.id = id;
  }
  buffer(): Buffer {
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
  }
}

/** The message that these parts are of: the bytes of several, one after another, are those of all fields together. */
export const writeParts = async (
  parts: Iterable<BinaryWriter | Promise<BinaryWriter>> | AsyncIterable<BinaryWriter>,
): Promise<Uint8Array> => {
  const turn = createTurnTaker();
  const written: Uint8Array[] = [];
  for await (const part of parts) {
    written.push(part.finish());
    await turn();
  }
  return Buffer.concat(written);
};

/** What stands before a field of variable length: a message, text or bytes. */
export const tagOf = (field: number): number => (field << 3) | 2;

/** A field that is a message, from the bytes of that. */
export const fieldOf = (field: number, message: Uint8Array): BinaryWriter =>
  new BinaryWriter().uint32(tagOf(field)).bytes(message);

function* partsOfList(list: readonly unknown[]): Generator<BinaryWriter, void, void> {
  for (const entry of list) yield ListValue.encode({ values: [entry] });
}

/** A Struct, of whose lists each entry is a part. */
async function* partsOfStruct(object: object): AsyncGenerator<BinaryWriter, void, void> {
  for (const [key, value] of Object.entries(object)) {
    if (!Array.isArray(value)) {
      yield Struct.encode({ fields: { [key]: value } });
      continue;
    }
    const list = fieldOf(6, await writeParts(partsOfList(value))).finish();
    yield new BinaryWriter().uint32(tagOf(1)).fork().uint32(tagOf(1)).string(key).uint32(tagOf(2)).bytes(list).join();
  }
}

export const encodeStruct = (object: object): Promise<Uint8Array> => writeParts(partsOfStruct(object));
