import { defineConfig } from "vitest/config";

// Unit tests import the sources; everything that starts a thread or a process runs what `npm run build` put into dist.
// Units, and services that are only used, share the machine in twos; what kills, starves or times a service has it to itself.
const used = [
  ...["bad-input", "cases", "command-line", "command-line-keys", "cross-validation"],
  ...["data-sets-grpc", "documents", "export", "fine-tuning"],
  ...["foreign-pages", "integrity", "log-secrets", "openai", "packed", "page", "page-forms", "page-visits"],
  ...[
    "parquet-reader",
    "predictions",
    "reindex",
    "report",
    "s3",
    "studies",
    "tls",
    "tuned-networks",
    "upgrade",
    "webhooks",
  ],
].map((name) => `test/e2e/${name}.test.ts`);

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/conformance/**", "test/e2e/**", "test/tidy.test.ts"],
          // Modules are read once by each worker instead of once for each file, which takes half of the time of short files.
          isolate: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "tidy",
          include: ["test/tidy.test.ts"],
          testTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "conformance",
          // What is polled for comes; how soon is the machine's.
          expect: { poll: { timeout: 10_000 } },
          include: ["test/conformance/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "surfaces",
          include: used,
          testTimeout: 120_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          exclude: used,
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
