import { describe, expect, it } from "vitest";
import { type OpenJobStores, useJobStores } from "./job-store.ts";
import { modelOf, newDataset, newJob, tick } from "./records.ts";

/** What every catalogue of data sets and models does, beside the job store whose jobs hold them. */
export const catalogueSuite = (name: string, open: OpenJobStores): void => {
  describe(`catalogue: ${name}`, () => {
    const stores = useJobStores(open);
    const inUse = { code: "in_use" };
    const absent = { code: "not_found" };

    const train = async (base?: string) => {
      const { job } = await stores.jobs.create(newJob("acme", stores.dataset, base === undefined ? {} : { base }));
      const { fence } = (await stores.jobs.claim("acme", job.id, "trainer", tick()))!;
      const model = modelOf(job);
      return { job, model, finish: () => stores.jobs.succeed(fence, model, {}, tick()) };
    };

    it("keeps manifests as they were given, apart by tenant, newest first in pages", async () => {
      const { catalogue } = stores;
      const all = [stores.dataset, ...Array.from({ length: 6 }, newDataset)];
      for (const each of all) await catalogue.addDataset("acme", each);
      expect(await catalogue.dataset("acme", all[2]!.id)).toEqual(all[2]);
      await expect(catalogue.dataset("other", all[2]!.id)).rejects.toMatchObject(absent);
      const first = await catalogue.datasets("acme", { pageSize: 4, pageToken: null });
      const ids = all.map(({ id }) => id).reverse();
      expect(first.items.map(({ id }) => id)).toEqual(ids.slice(0, 4));
      await catalogue.addDataset("acme", newDataset());
      const second = await catalogue.datasets("acme", { pageSize: 4, pageToken: first.nextPageToken });
      expect(second).toMatchObject({ items: ids.slice(4).map((id) => ({ id })), nextPageToken: null });
      expect((await catalogue.datasets("other", { pageSize: 4, pageToken: null })).items).toEqual([]);
    });

    it("keeps a data set while an unfinished job or a model needs it", async () => {
      const { catalogue, dataset } = stores;
      const { model, finish } = await train();
      await expect(catalogue.removeDataset("acme", dataset.id)).rejects.toMatchObject(inUse);
      await finish();
      await expect(catalogue.removeDataset("acme", dataset.id)).rejects.toMatchObject(inUse);
      await catalogue.removeModel("acme", model.id);
      await catalogue.removeDataset("acme", dataset.id);
      await expect(catalogue.dataset("acme", dataset.id)).rejects.toMatchObject(absent);
      await catalogue.removeDataset("acme", dataset.id); // repeated until its files are gone
      const removed = [`acme/models/${model.id}/`, `acme/datasets/${dataset.id}/`];
      expect((await catalogue.removals("acme")).map(({ files }) => files).sort()).toEqual(removed.sort());
      expect(await catalogue.removals("other")).toEqual([]);
      for (const files of removed) await catalogue.filesRemoved("acme", files);
      await expect(catalogue.removeDataset("acme", dataset.id)).rejects.toMatchObject(absent);
      await expect(catalogue.removeModel("acme", model.id)).rejects.toMatchObject(absent);
      await expect(stores.jobs.create(newJob("acme", dataset))).rejects.toMatchObject({ code: "invalid" });
    });

    it("keeps a model while an unfinished job starts from it", async () => {
      const { catalogue, jobs } = stores;
      const base = await train();
      await base.finish();
      const { job } = await train(base.model.id);
      await expect(catalogue.removeModel("acme", base.model.id)).rejects.toMatchObject(inUse);
      await jobs.requestCancel("acme", job.id, tick());
      await expect(catalogue.removeModel("acme", base.model.id)).rejects.toMatchObject(inUse);
      await jobs.release({ tenant: "acme", job: job.id, attempt: 1 }, "cancelled", "as requested", tick());
      await catalogue.removeModel("acme", base.model.id);
      await expect(catalogue.model("acme", base.model.id)).rejects.toMatchObject(absent);
      expect((await catalogue.models("acme", { pageSize: 4, pageToken: null })).items).toEqual([]);
    });

    it("never deletes a data set under a job that is being created", async () => {
      for (let round = 0; round < 30; round++) {
        const dataset = newDataset();
        await stores.catalogue.addDataset("acme", dataset);
        const [created, removed] = await Promise.allSettled([
          stores.jobs.create(newJob("acme", dataset)),
          stores.catalogue.removeDataset("acme", dataset.id),
        ]);
        expect(new Set([created.status, removed.status])).toEqual(new Set(["fulfilled", "rejected"]));
      }
    });
  });
};
