import { describe, expect, test } from "vitest";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatMetric,
  formatMetricName,
  formatNumber,
  formatSeconds,
  headline,
} from "../../src/web/page/format.ts";

describe("numbers on the page", () => {
  test("count one of something as one", () => {
    const counts = [0, 1, 2, 12_345].map((rows) => formatCount(rows, "row"));
    expect(counts).toEqual(["0 rows", "1 row", "2 rows", "12,345 rows"]);
  });

  test.each([
    [0, "0"],
    [1234567, "1,234,567"],
    [0.04123456, "0.04123"],
    [-1.5, "-1.5"],
    [0.00000012, "1.20e-7"],
    [123456789.5, "1.23e+8"],
    [Number.NaN, "not a number"],
    [Number.POSITIVE_INFINITY, "∞"],
  ])("%d is shown as %s", (value, text) => expect(formatNumber(value)).toBe(text));

  test.each([
    [512, "512 B"],
    [2048, "2.0 KiB"],
    [3 * 1024 ** 3, "3.0 GiB"],
  ])("%d bytes are %s", (value, text) => expect(formatBytes(value)).toBe(text));

  test.each([
    [-1, "0.0 s"],
    [1.24, "1.2 s"],
    [75, "1 min 15 s"],
    [119.7, "2 min 0 s"],
    [3_660, "1 h 1 min"],
    [7_199, "2 h 0 min"],
  ])("%d seconds are %s", (value, text) => expect(formatSeconds(value)).toBe(text));

  test("times are told as people do", () => {
    const now = Date.parse("2026-11-24T12:00:00Z");
    expect(formatAge("2026-11-24T12:00:03Z", now)).toBe("just now");
    expect(formatAge("2026-11-24T11:59:20Z", now)).toBe("40 s ago");
    expect(formatAge("2026-11-24T09:30:00Z", now)).toBe("2 h ago");
    expect(formatAge("2026-11-20T09:30:00Z", now)).toBe("2026-11-20");
  });
});

describe("metrics on the page", () => {
  test("have names as words", () => {
    expect(formatMetricName("validationLoss")).toBe("Validation loss");
    expect(formatMetricName("testR2")).toBe("Test R²");
    expect(formatMetricName("accuracy")).toBe("Accuracy");
    expect(formatMetricName("l2")).toBe("L2");
  });

  test("shares are percentages, other values numbers", () => {
    expect(formatMetric("testAccuracy", 0.9565)).toBe("95.7 %");
    expect(formatMetric("testR2", 0.489)).toBe("0.489");
  });

  test("the headline is what was measured on unseen data, the test split first", () => {
    expect(headline({ trainLoss: 1, validationAccuracy: 0.9, testAccuracy: 0.8 })).toEqual({
      name: "testAccuracy",
      value: 0.8,
    });
    expect(headline({ trainLoss: 1, validationLoss: 2 })).toEqual({ name: "validationLoss", value: 2 });
    expect(headline({ inertia: 9, silhouette: 0.5 })).toEqual({ name: "silhouette", value: 0.5 });
    expect(headline({})).toBeNull();
  });
});
