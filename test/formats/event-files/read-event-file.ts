/** Event files read by the formats' definitions alone, and held against their sums. */

/** CRC-32C bit by bit, without a table. */
const crc32c = (bytes: Uint8Array): number => {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
};

const unmasked = (masked: number): number => {
  const rotated = (masked - 0xa282ead8) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
};

const recordsOf = (file: Buffer): Buffer[] => {
  const records: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    if (unmasked(file.readUInt32LE(at + 8)) !== crc32c(file.subarray(at, at + 8))) throw new Error("length's CRC");
    const bytes = file.subarray(at + 12, at + 12 + length);
    if (bytes.length !== length) throw new Error("the last record is cut");
    if (unmasked(file.readUInt32LE(at + 12 + length)) !== crc32c(bytes)) throw new Error("record's CRC");
    records.push(bytes);
    at += length + 16;
  }
  return records;
};

type Field = { number: number; bytes: Buffer; integer: number };

/** The fields of any message: what they mean is the reader's to know. */
const fieldsOf = (message: Buffer): Field[] => {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    for (let value = 0, factor = 1; ; factor *= 128) {
      const byte = message[at++]!;
      value += (byte & 0x7f) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    const [number, wire] = [Math.floor(key / 8), key % 8];
    const integer = wire === 0 ? varint() : 0;
    const size = wire === 0 ? 0 : wire === 1 ? 8 : wire === 5 ? 4 : varint();
    fields.push({ number, integer, bytes: message.subarray(at, at + size) });
    at += size;
  }
  return fields;
};

const find = (message: Buffer, ...path: number[]): Buffer[] =>
  path.reduce(
    (found, number) =>
      found.flatMap((each) =>
        fieldsOf(each)
          .filter((f) => f.number === number)
          .map((f) => f.bytes),
      ),
    [message],
  );

export interface ReadFile {
  version: string;
  scalars: { tag: string; step: number; seconds: number; value: number }[];
  /** The table's values of this run. */
  hyperParameters: Record<string, unknown>;
  status: number | null;
  columns: string[];
  metrics: string[];
}

const parameterOf = (message: Buffer): unknown => {
  const [field] = fieldsOf(message);
  if (field?.number === 2) return field.bytes.readDoubleLE();
  return field?.number === 3 ? field.bytes.toString() : field?.integer === 1;
};

export const readEventFile = (file: Uint8Array): ReadFile => {
  const [first, ...events] = recordsOf(Buffer.from(file));
  const read: ReadFile = {
    ...{ version: find(first!, 3)[0]!.toString(), scalars: [], hyperParameters: {}, status: null },
    ...{ columns: [], metrics: [] },
  };
  for (const event of events) {
    const seconds = find(event, 1)[0]!.readDoubleLE();
    const step = fieldsOf(event).find(({ number }) => number === 2)?.integer ?? 0;
    for (const value of find(event, 5, 1)) {
      const tag = find(value, 1)[0]!.toString();
      const [simple] = find(value, 2);
      if (simple !== undefined) read.scalars.push({ tag, step, seconds, value: simple.readFloatLE() });
      for (const data of find(value, 9, 1)) {
        if (find(data, 1)[0]!.toString() !== "hparams") throw new Error("an unknown plugin");
        for (const entry of find(data, 2, 3, 1))
          read.hyperParameters[find(entry, 1)[0]!.toString()] = parameterOf(find(entry, 2)[0]!);
        for (const end of find(data, 2, 4)) read.status = fieldsOf(end)[0]!.integer;
        read.columns.push(...find(data, 2, 2, 4, 1).map(String));
        read.metrics.push(...find(data, 2, 2, 5, 1, 2).map(String));
      }
    }
  }
  return read;
};
