import { defineConfig } from "vitest/config";

// Unit tests import the sources; everything that starts a thread or a process runs what `npm run build` put into dist.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/conformance/**", "test/e2e/**", "test/tidy.test.ts"],
          testTimeout: 60_000,
        },
      },
      { test: { name: "tidy", include: ["test/tidy.test.ts"] } },
      {
        test: {
          name: "conformance",
          include: ["test/conformance/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
