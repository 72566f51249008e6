import { expect, it } from "vitest";
import { PredictRequest } from "../../src/grpc/generated/descent/v1/models.ts";
import { readPredictRequest, unreadPrediction } from "../../src/grpc/prediction-messages.ts";

it("a question of predictions is passed on unread but for its model", () => {
  const rows = [{ age: 41.5, sex: "female", unknown: null }, {}];
  const message = PredictRequest.encode({ model: "mdl_1", rows, strict: true, pictures: [] }).finish();
  const { model, bytes } = unreadPrediction(message);
  expect(model).toBe("mdl_1");
  // Memory of its own: it is moved to a thread, and what it came in is not.
  expect(bytes.buffer).not.toBe(message.buffer);
  expect(JSON.parse(JSON.stringify(readPredictRequest(bytes)))).toEqual({ rows, strict: true, pictures: [] });
});

it("what is no message is malformed, whether that shows before the rows or in them", () => {
  expect(() => unreadPrediction(Uint8Array.of(0x12, 0x7f, 0))).toThrow();
  // Rows of which one is not a Struct: the tag 7 does not exist.
  expect(() => readPredictRequest(Uint8Array.of(0x12, 2, 0x0f, 0))).toThrow(
    expect.objectContaining({ code: "malformed" }),
  );
});
