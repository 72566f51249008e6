/** Whom something is counted for. Without API keys everyone is one party, and the key is null. */
export interface Party {
  tenant: string;
  key: string | null;
}

/** Of what its tenant may hold, one key. */
const keyShare = 3 / 4;

/** Counts by name; a name that is back at zero takes no memory. */
const createCounts = () => {
  const counts = new Map<string, number>();
  return {
    of: (name: string): number => counts.get(name) ?? 0,
    add: (name: string, amount: number): void => {
      const count = (counts.get(name) ?? 0) + amount;
      if (count === 0) counts.delete(name);
      else counts.set(name, count);
    },
  };
};

const keyName = ({ tenant, key }: Party): string => `${tenant}/${key}`;

/**
 * So many places, or bytes, shared by all. A tenant may hold as many as it leaves free (a dynamic threshold: Choudhury and Hahne 1998):
 * one alone half of all, n of them 1/(n + 1) each, so that whoever comes next always finds room. One key of a tenant may hold three
 * quarters of that. Where there are no keys there is nobody to leave room for, and the one party may hold all.
 */
export const createShares = (total: number) => {
  const tenants = createCounts();
  const keys = createCounts();
  let used = 0;
  const mayTake = (party: Party, amount = 1): boolean => {
    if (used + amount > total) return false;
    if (party.key === null) return true;
    const ofTenant = tenants.of(party.tenant);
    const ofKey = keys.of(keyName(party));
    const most = Math.ceil((total - (used - ofTenant)) / 2);
    return ofTenant + amount <= most && ofKey + amount <= Math.ceil(keyShare * (most - (ofTenant - ofKey)));
  };
  const add = (party: Party, amount: number): void => {
    used += amount;
    tenants.add(party.tenant, amount);
    keys.add(keyName(party), amount);
  };
  return {
    mayTake,
    take: (party: Party, amount = 1): void => add(party, amount),
    give: (party: Party, amount = 1): void => add(party, -amount),
    used: (): number => used,
  };
};
