import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ServiceError } from "../../src/domain/errors.ts";
import { createFileArtifactStore } from "../../src/store/artifacts/file-artifact-store.ts";
import { openArtifactStore } from "../../src/store/artifacts/open-artifact-store.ts";
import { artifactStoreSuite } from "./artifact-store.ts";

artifactStoreSuite("files", async () => {
  const root = await mkdtemp(join(tmpdir(), "descent-artifacts-"));
  return { store: await createFileArtifactStore(root), close: () => rm(root, { recursive: true }) };
});

describe("artifact store: files", () => {
  let root = "";
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "descent-artifacts-"));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it("sweeps at its start what crashed writers left, and nothing of living ones", async () => {
    const temporary = join(root, ".tmp");
    await mkdir(temporary);
    const host = hostname().replace(/[^A-Za-z0-9-]/g, "-");
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    const leave = async (name: string, ageSeconds: number): Promise<void> => {
      await writeFile(join(temporary, name), "half");
      const time = Date.now() / 1000 - ageSeconds;
      await utimes(join(temporary, name), time, time);
    };
    await leave(`${host}.${dead}.a`, 1);
    await leave(`${host}.${process.pid}.b`, 24 * 3600); // this number, in the container's life before
    await leave("elsewhere.7.c", 2 * 3600);
    await leave(`${host}.${process.ppid}.d`, 1);
    await leave("elsewhere.7.e", 60);
    const writing = createFileArtifactStore(root);
    await writing;
    expect((await readdir(temporary)).sort()).toEqual([`${host}.${process.ppid}.d`, "elsewhere.7.e"].sort());
  });

  it("does not disturb a write that another store on the folder has begun", async () => {
    const body = new Readable({ read: () => undefined });
    const first = await createFileArtifactStore(root);
    const writing = first.write("t/a", body);
    body.push("half ");
    await expect.poll(() => readdir(join(root, ".tmp"))).toHaveLength(1);
    await createFileArtifactStore(root);
    body.push("and half");
    body.push(null);
    expect(await writing).toMatchObject({ bytes: 13 });
  });

  it.runIf(canMount())(
    "tells a full disk as unavailable with ENOSPC, keeps the old file, and serves again after",
    async () => {
      spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", root]);
      try {
        const store = await createFileArtifactStore(root);
        await store.write("t/a", Buffer.from("old"));
        const error = await store.write("t/a", Buffer.alloc(2 * 1024 * 1024)).catch((caught: unknown) => caught);
        expect(error).toBeInstanceOf(ServiceError);
        expect(error).toMatchObject({ code: "unavailable", cause: { code: "ENOSPC" } });
        expect(String(error)).not.toContain(root);
        expect(Buffer.from(await store.readBytes("t/a")).toString()).toBe("old");
        await store.write("t/b", Buffer.alloc(500_000));
        spawnSync("mount", ["-o", "remount,ro", root]);
        await expect(store.probe()).rejects.toMatchObject({ code: "unavailable", cause: { code: "EROFS" } });
        expect(Buffer.from(await store.readBytes("t/a")).toString()).toBe("old");
        spawnSync("mount", ["-o", "remount,rw", root]);
        await store.probe();
      } finally {
        spawnSync("umount", [root]);
      }
    },
  );

  it.runIf(process.getuid?.() !== 0)("tells a folder that may not be written as unavailable with EACCES", async () => {
    const store = await createFileArtifactStore(root);
    spawnSync("chmod", ["-R", "a-w", root]);
    try {
      await expect(store.probe()).rejects.toMatchObject({ code: "unavailable", cause: { code: "EACCES" } });
    } finally {
      spawnSync("chmod", ["-R", "u+w", root]);
    }
  });

  it("says in one line which URL it cannot open", async () => {
    const store = await openArtifactStore(pathToFileURL(root).href);
    await store.write("t/a", Buffer.from("x"));
    await expect(openArtifactStore("ftp://host")).rejects.toThrow(/^ARTIFACT_URL: ftp:\/\/ is not supported/);
    await expect(openArtifactStore("no url")).rejects.toThrow(/^ARTIFACT_URL no url is not a URL/);
  });
});

/** A small disk of its own needs the right to mount one. */
function canMount(): boolean {
  const where = spawnSync("mktemp", ["-d"]).stdout?.toString().trim();
  if (process.platform !== "linux" || !where) return false;
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", where]).status === 0;
  if (mounted) spawnSync("umount", [where]);
  spawnSync("rmdir", [where]);
  return mounted;
}
