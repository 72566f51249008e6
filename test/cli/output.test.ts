import { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { expect, test } from "vitest";
import { endWithReader } from "../../src/cli/output.ts";

const failing = (code: string) =>
  new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error(`write ${code}`), { code })) });

test("a reader that closes the pipe ends the command, without an error", async () => {
  const stream = failing("EPIPE");
  let ended = 0;
  endWithReader(stream, () => ended++);
  stream.write("a line\n");
  await expect(finished(stream)).rejects.toThrow("EPIPE");
  expect(ended).toBe(1);
});

test("any other fault of the output is told", () => {
  const stream = failing("ENOSPC");
  endWithReader(stream, () => expect.unreachable());
  expect(() => stream.emit("error", Object.assign(new Error("write ENOSPC"), { code: "ENOSPC" }))).toThrow("ENOSPC");
});
