import { parsePrefix } from "../artifact-key.ts";

/** How the store encrypts what it keeps; null: as the bucket says. */
export type Encryption = { type: "AES256" } | { type: "aws:kms"; keyId: string | null } | null;

/** Where artifacts lie, as `s3://bucket/prefix?region=…&endpoint=…&pathStyle=true` names it. */
export interface S3Location {
  bucket: string;
  /** Of every object's name: empty, or with a slash at its end. */
  prefix: string;
  region: string;
  /** Without the bucket. */
  endpoint: URL;
  /** The bucket is in the path, not in the host's name. */
  pathStyle: boolean;
  encryption: Encryption;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const OPTIONS = ["region", "endpoint", "pathStyle", "encryption", "kmsKeyId"];
const EXAMPLE = "s3://bucket/prefix?region=eu-central-1";

/** What is wrong, as a line for the operator who starts the service. */
const refuse = (problem: string): never => {
  throw new Error(`ARTIFACT_URL: ${problem}; for example ${EXAMPLE}`);
};

const parseEndpoint = (text: string): URL => {
  const url = URL.canParse(text)
    ? new URL(text)
    : refuse(`endpoint=${text} is not a URL such as https://s3.example.com`);
  if (!/^https?:$/.test(url.protocol)) refuse(`endpoint=${text} must begin with https:// or http://`);
  if (url.username !== "" || url.search !== "")
    refuse("the endpoint must be a host alone; keys belong in AWS_ACCESS_KEY_ID");
  return url;
};

const parseFlag = (name: string, value: string | null): boolean | null => {
  if (value === null) return null;
  return value === "true" || value === "false" ? value === "true" : refuse(`${name}=${value} must be true or false`);
};

const parseEncryption = (type: string | null, keyId: string | null): Encryption => {
  if (type === null && keyId === null) return null;
  if (type === "AES256" && keyId === null) return { type };
  if (type === "aws:kms") return { type, keyId };
  return refuse(`encryption=${type ?? ""} must be AES256 or aws:kms, and only aws:kms takes a kmsKeyId`);
};

/** @param env for AWS_REGION, where the URL names none */
export const parseS3Url = (text: string, env: Environment): S3Location => {
  const { hostname: bucket, pathname, searchParams, username, port } = new URL(text);
  if (username !== "") refuse("keys belong in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, not in the URL");
  if (!BUCKET.test(bucket) || port !== "") refuse(`${JSON.stringify(bucket)} is no name of a bucket`);
  const unknown = [...searchParams.keys()].find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) refuse(`there is no option ${JSON.stringify(unknown)}, only ${OPTIONS.join(", ")}`);
  const path = pathname.replace(/^\/+|\/+$/g, "");
  const prefix = path === "" ? "" : `${path}/`;
  try {
    if (prefix !== "") parsePrefix(prefix);
  } catch {
    refuse(`the prefix ${JSON.stringify(path)} may have letters, digits, '.', '_', '-' and '/' only`);
  }
  const region = searchParams.get("region") ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? "us-east-1";
  if (!/^[a-z0-9-]{1,40}$/.test(region)) refuse(`region=${region} is no region`);
  const endpoint = searchParams.get("endpoint");
  return {
    ...{ bucket, prefix, region },
    endpoint: parseEndpoint(endpoint ?? `https://s3.${region}.amazonaws.com`),
    pathStyle: parseFlag("pathStyle", searchParams.get("pathStyle")) ?? (endpoint !== null || bucket.includes(".")),
    encryption: parseEncryption(searchParams.get("encryption"), searchParams.get("kmsKeyId")),
  };
};

/** The URL of an object, or (key null) of the bucket. Keys have no character that needs escaping. */
export const urlOf = ({ bucket, prefix, endpoint, pathStyle }: S3Location, key: string | null): URL => {
  const url = new URL(endpoint);
  const base = endpoint.pathname.replace(/\/$/, "");
  const object = key === null ? "" : `${prefix}${key}`;
  if (!pathStyle) url.hostname = `${bucket}.${endpoint.hostname}`;
  url.pathname = pathStyle ? `${base}/${bucket}/${object}` : `${base}/${object}`;
  return url;
};
