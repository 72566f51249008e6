import { describe, expect, it } from "vitest";
import { createTenantSlots } from "../../src/queue/tenant-slots.ts";

describe("a tenant's slots", () => {
  it("are its own: another tenant's being taken does not matter", () => {
    const slots = createTenantSlots(2, () => 0);
    expect([slots.take("acme"), slots.take("acme"), slots.take("rival")]).toEqual([0, 0, 0]);
    expect(slots.take("acme")).toBeGreaterThan(0);
    slots.free("acme", 10);
    expect(slots.take("acme")).toBe(0);
  });

  it("are promised one after another, at the pace at which they become free", () => {
    const slots = createTenantSlots(4, () => 1000);
    for (let i = 0; i < 4; i++) slots.take("acme");
    slots.free("acme", 200);
    slots.take("acme");
    expect([1, 2, 3].map(() => slots.take("acme"))).toEqual([50, 100, 150]);
  });

  it("are promised at most a minute ahead, for thousands that wait for a receiver that does not answer", () => {
    const slots = createTenantSlots(1, () => 0);
    slots.take("acme");
    slots.free("acme", 15_000);
    const [first, ...later] = [slots.take("acme"), ...Array.from({ length: 10_000 }, () => slots.take("acme"))];
    expect([first, later[0]]).toEqual([0, 100]); // all was free in between: nothing is known of its receivers
    slots.free("acme", 15_000);
    expect(Math.max(...later)).toBe(60_000);
  });
});
