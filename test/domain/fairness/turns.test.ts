import { expect, it } from "vitest";
import { createTurns } from "../../../src/domain/fairness/turns.ts";

const party = (name: string) => {
  const [tenant = "", key = null] = name.split("/");
  return { tenant, key };
};
const all = <T>(next: () => T | null): T[] => {
  const items: T[] = [];
  for (let item = next(); item !== null; item = next()) items.push(item);
  return items;
};

it("tenants take turns, and keys within a tenant, however much one has waiting; each keeps its order", () => {
  const line = createTurns<string>();
  for (const name of ["a/1", "a/1", "a/1", "a/2", "a/2", "b/1", "c/1", "c/1"]) {
    line.add(party(name), `${name} ${line.size()}`);
  }
  expect(all(() => line.next())).toEqual(["a/1 0", "b/1 5", "c/1 6", "a/2 3", "c/1 7", "a/1 1", "a/2 4", "a/1 2"]);
  expect(line.size()).toBe(0);
});

it("whose turn it may not be is passed over, and comes when it may", () => {
  const line = createTurns<string>();
  for (const name of ["a/1", "b/1"]) line.add(party(name), name);
  expect(line.next(({ tenant }) => tenant === "b")).toBe("b/1");
  expect(line.next(({ tenant }) => tenant === "b")).toBeNull();
  expect(line.next()).toBe("a/1");
});

it("what is removed does not come, and removing it again changes nothing", () => {
  const line = createTurns<string>();
  line.add(party("a/1"), "first");
  line.add(party("a/1"), "second");
  line.remove(party("a/1"), "first");
  line.remove(party("a/1"), "first");
  line.remove(party("b/1"), "second");
  expect(line.clear()).toEqual(["second"]);
  expect(line.next()).toBeNull();
});
