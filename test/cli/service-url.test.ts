import { expect, test } from "vitest";
import { serviceUrl } from "../../src/cli/service-url.ts";

test("the demo asks the service that the same environment starts, or the one that is stated", () => {
  expect(serviceUrl({})).toBe("http://127.0.0.1:8080");
  expect(serviceUrl({ PORT: "9090" })).toBe("http://127.0.0.1:9090");
  expect(serviceUrl({ PORT: "0" })).toBe("http://127.0.0.1:8080");
  expect(serviceUrl({ PORT: "9090", DESCENT_URL: "https://example.com/" })).toBe("https://example.com");
});
