import { BinaryReader, type BinaryWriter } from "@bufbuild/protobuf/wire";
import { encodeStruct, fieldOf, writeParts } from "../encoded.ts";
import * as messages from "../generated/descent/v1/model_parts.ts";
import { toWire } from "./convert.ts";
import { type ChoiceShape, type Field, type MessageShape, toCamel } from "./shape.ts";

interface Codec {
  encode(message: unknown): BinaryWriter;
  decode(bytes: Uint8Array): object;
}

const codecOf = (name: string): Codec => (messages as unknown as Record<string, Codec>)[name] as Codec;

/** Entries of a list that are written at once. */
const atOnce = 256;

/** The number of a message's first field, from what its codec writes. */
const firstField = (bytes: Uint8Array): number => new BinaryReader(bytes).uint32() >>> 3;

/** A message in which only one field says something. */
const only = (shape: MessageShape, field: Field, value: unknown): unknown => ({
  ...codecOf(shape.name).decode(new Uint8Array()),
  ...(toWire({ ...shape, fields: [field] }, { [field.key]: value }) as object),
});

/** Each field, and of a long list so many entries, is a part. */
function* partsOfMessage(shape: MessageShape, value: Record<string, unknown>): Generator<BinaryWriter, void, void> {
  for (const field of shape.fields) {
    const own = value[field.key];
    if (!Array.isArray(own)) yield codecOf(shape.name).encode(only(shape, field, own));
    else
      for (let at = 0; at < own.length; at += atOnce)
        yield codecOf(shape.name).encode(only(shape, field, own.slice(at, at + atOnce)));
  }
}

async function* partsOf(shape: MessageShape | ChoiceShape, value: object): AsyncGenerator<BinaryWriter, void, void> {
  if (shape.kind === "message") yield* partsOfMessage(shape, value as Record<string, unknown>);
  else {
    const option = shape.options.find(({ takes }) => takes(value));
    if (option === undefined || option.shape.kind !== "message") throw new Error(`${shape.name} has no such kind`);
    const inner = await writeParts(partsOfMessage(option.shape, value as Record<string, unknown>));
    const empty = codecOf(option.shape.name).decode(new Uint8Array());
    const tagged = codecOf(shape.name).encode({ fields: {}, kind: { $case: toCamel(option.name), value: empty } });
    yield fieldOf(firstField(tagged.finish()), inner);
  }
}

/** The message of an answer: in fields of its own, and once more as JSON for clients of the google.protobuf.Struct that it was. */
export const encodeTyped = async (shape: MessageShape | ChoiceShape, value: object): Promise<Uint8Array> =>
  Buffer.concat([await encodeStruct(value), await writeParts(partsOf(shape, value))]);
