import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { deriveSecret, signatureHeaders } from "../../src/webhooks/signature.ts";

const master = "a master secret of forty characters, more";
const message = { id: "msg_01ARZ3NDEKTSV4RRFFQ69G5FAV", body: '{"type":"job.succeeded","data":{"name":"Blüte → 花"}}' };

describe("signatures of webhooks", () => {
  it("pass the library of Standard Webhooks, and only whole", () => {
    const secret = deriveSecret(master, "acme");
    const headers = signatureHeaders([secret], message, Date.now());
    const receiver = new Webhook(secret);
    expect(receiver.verify(message.body, headers)).toMatchObject({ data: { name: "Blüte → 花" } });
    expect(() => receiver.verify(message.body.replace("succeeded", "failed"), headers)).toThrow();
    expect(() => receiver.verify(message.body, { ...headers, "webhook-id": "msg_other" })).toThrow();
    const older = String(Number(headers["webhook-timestamp"]) - 1);
    expect(() => receiver.verify(message.body, { ...headers, "webhook-timestamp": older })).toThrow();
  });

  it("are refused as replays when they are old", () => {
    const secret = deriveSecret(master, "acme");
    const headers = signatureHeaders([secret], message, Date.now() - 6 * 60_000);
    expect(() => new Webhook(secret).verify(message.body, headers)).toThrow(/old/);
  });

  it("are the published example's, to the byte", () => {
    // From the specification's reference libraries.
    const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const headers = signatureHeaders(
      [secret],
      { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: '{"test": 2432232314}' },
      1_614_265_330_000,
    );
    expect(headers).toEqual({
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    });
  });

  it("of one tenant are nothing to another", () => {
    const [acme, rival] = [deriveSecret(master, "acme"), deriveSecret(master, "rival")];
    expect(acme).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(acme).not.toBe(rival);
    expect(deriveSecret(master, "acme")).toBe(acme);
    expect(deriveSecret(`${master}!`, "acme")).not.toBe(acme);
    const headers = signatureHeaders([rival], message, Date.now());
    expect(() => new Webhook(acme).verify(message.body, headers)).toThrow(/signature/i);
  });

  it("are two while the secret is being replaced, and either is enough", () => {
    const secrets = [deriveSecret(`${master} new`, "acme"), deriveSecret(master, "acme")];
    const headers = signatureHeaders(secrets, message, Date.now());
    for (const secret of secrets) expect(new Webhook(secret).verify(message.body, headers)).toBeDefined();
  });
});
