import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCredentials } from "../../src/store/artifacts/s3/credentials.ts";
import { parseS3Url, urlOf } from "../../src/store/artifacts/s3/s3-location.ts";
import { signV4 } from "../../src/store/artifacts/s3/sign-v4.ts";
import { elements, textOf } from "../../src/store/artifacts/s3/xml.ts";

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, "Examples: Signature Calculations" */
describe("Signature Version 4 gives what Amazon's document gives", () => {
  const credentials = {
    ...{ accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" },
    sessionToken: null,
  };
  const emptyDigest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  it.each([
    [
      "GET of an object",
      { path: "/test.txt", query: {}, headers: { range: "bytes=0-9" } },
      "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ],
    [
      "GET of a bucket's lifecycle",
      { path: "/", query: { lifecycle: "" }, headers: {} },
      "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ],
    [
      "a list",
      { path: "/", query: { "max-keys": "2", prefix: "J" }, headers: {} },
      "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ],
  ])("%s", (_, { path, query, headers }, signature) => {
    const url = new URL(`https://examplebucket.s3.amazonaws.com${path}`);
    const request = { method: "GET", url, query, headers: headers as Record<string, string>, bodyDigest: emptyDigest };
    const { authorization } = signV4(request, credentials, "us-east-1", new Date("2013-05-24T00:00:00Z"));
    expect(authorization).toContain("Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request");
    expect(authorization).toContain(`Signature=${signature}`);
  });
});

describe("the URL of a bucket", () => {
  it("names bucket, prefix, region and endpoint", () => {
    const amazon = parseS3Url("s3://models/a/b?region=eu-central-1", {});
    expect(urlOf(amazon, "t/x").href).toBe("https://models.s3.eu-central-1.amazonaws.com/a/b/t/x");
    const own = parseS3Url("s3://models?endpoint=http://localhost:9000", { AWS_REGION: "us-west-2" });
    expect(own).toMatchObject({ region: "us-west-2", pathStyle: true, prefix: "" });
    expect(urlOf(own, "t/x").href).toBe("http://localhost:9000/models/t/x");
    const byHost = parseS3Url("s3://models/a?endpoint=https://s3.example.com&pathStyle=false", {});
    expect(urlOf(byHost, null).href).toBe("https://models.s3.example.com/");
  });
  it.each([
    ["s3://B_ucket", /"B_ucket" is no name of a bucket/],
    ["s3://key:secret@bucket", /keys belong in AWS_ACCESS_KEY_ID/],
    ["s3://bucket/a b", /prefix/],
    ["s3://bucket?pathstyle=true", /no option "pathstyle", only region, endpoint, pathStyle/],
    ["s3://bucket?pathStyle=yes", /pathStyle=yes must be true or false/],
    ["s3://bucket?endpoint=localhost:9000", /endpoint=localhost:9000 must begin with https/],
    ["s3://bucket?encryption=rot13", /must be AES256 or aws:kms/],
    ["s3://bucket?kmsKeyId=x", /only aws:kms takes a kmsKeyId/],
  ])("%s is refused with a line that says why", (url, message) => {
    expect(() => parseS3Url(url, {})).toThrow(message);
  });
});

it("XML of S3's answers is read, with what is escaped in it", () => {
  const xml = "<R><Contents><Key>a&amp;b&#x41;</Key></Contents><Contents><Key>c</Key></Contents><Empty/></R>";
  expect(elements(xml, "Contents").map((each) => textOf(each, "Key"))).toEqual(["a&bA", "c"]);
  expect([textOf(xml, "Missing"), textOf("<Key>cut", "Key")]).toEqual([null, null]);
});

describe("credentials", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "descent-keys-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("come from the environment before anything else", async () => {
    const env = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b", AWS_SESSION_TOKEN: "c", AWS_PROFILE: "other" };
    expect(await createCredentials(env, "us-east-1")()).toMatchObject({
      ...{ accessKeyId: "a", secretAccessKey: "b", sessionToken: "c" },
    });
  });

  it("come from a profile of the shared file, which is read again after a while", async () => {
    const file = join(folder, "credentials");
    const write = (key: string) =>
      writeFile(
        file,
        `[default]\naws_access_key_id=d\naws_secret_access_key=e\n\n[ other ]\naws_access_key_id = ${key}\naws_secret_access_key = s=1\n`,
      );
    await write("first");
    let nowMs = 0;
    const get = createCredentials(
      { AWS_SHARED_CREDENTIALS_FILE: file, AWS_PROFILE: "other" },
      "us-east-1",
      () => nowMs,
    );
    expect(await get()).toMatchObject({ accessKeyId: "first", secretAccessKey: "s=1", sessionToken: null });
    await write("second");
    expect(await get()).toMatchObject({ accessKeyId: "first" });
    nowMs = 301_000;
    expect(await get()).toMatchObject({ accessKeyId: "second" });
    const missing = createCredentials({ AWS_SHARED_CREDENTIALS_FILE: file, AWS_PROFILE: "nobody" }, "us-east-1");
    await expect(missing()).rejects.toMatchObject({ code: "unavailable", message: /no keys for the profile nobody/ });
  });

  it("come from a web identity, once for all who wait, and again before they expire", async () => {
    const file = join(folder, "token");
    await writeFile(file, "the-token\n");
    const asked: URLSearchParams[] = [];
    let refuse = false;
    const server = createServer(async (request, response) => {
      asked.push(new URLSearchParams(await text(request)));
      response.statusCode = refuse ? 403 : 200;
      const error = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";
      const keys = `<AccessKeyId>key-${asked.length}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>`;
      response.end(
        refuse ? error : `<R><Credentials>${keys}<Expiration>1970-01-01T01:00:00Z</Expiration></Credentials></R>`,
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const env = {
      ...{ AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: "arn:aws:iam::1:role/descent" },
      AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    };
    let nowMs = 0;
    const get = createCredentials(env, "eu-west-1", () => nowMs);
    const [one, two] = await Promise.all([get(), get()]);
    expect([one, two]).toEqual([one, one]);
    expect(one).toMatchObject({ accessKeyId: "key-1", sessionToken: "t" });
    expect(Object.fromEntries(asked[0]!)).toMatchObject({
      ...{ Action: "AssumeRoleWithWebIdentity", RoleArn: env.AWS_ROLE_ARN, WebIdentityToken: "the-token" },
    });
    nowMs = 54 * 60_000;
    expect(await get()).toMatchObject({ accessKeyId: "key-1" });
    nowMs = 56 * 60_000;
    expect(await get()).toMatchObject({ accessKeyId: "key-2" });
    refuse = true;
    nowMs = 61 * 60_000;
    await expect(get()).rejects.toMatchObject({ code: "unavailable", message: /AccessDenied; check AWS_ROLE_ARN/ });
    await new Promise((resolve) => server.close(resolve));
  });
});
