import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { environmentHelp } from "../../src/environment-help.ts";
import { type Manifest, renderChart } from "./render-chart.ts";

const labels = z.record(z.string(), z.string());
const metadata = z.strictObject({ name: z.string().regex(/^[a-z0-9-]+$/), labels: labels.optional() });
const port = z.union([z.int().min(1).max(65_535), z.string()]);
const httpGet = z.strictObject({ path: z.string().startsWith("/"), port });
const probe = z.strictObject({
  httpGet: httpGet.optional(),
  tcpSocket: z.strictObject({ port }).optional(),
  periodSeconds: z.int().optional(),
  failureThreshold: z.int().optional(),
  timeoutSeconds: z.int().optional(),
});
const secret = z.strictObject({ name: z.string() });
const quantity = z.string().regex(/^\d+(m|Mi|Gi)?$/);

/** The fields of Kubernetes that the chart uses, and no others: a misspelt one is refused here as the API server would. */
const container = z.strictObject({
  name: z.string(),
  image: z.string().min(1),
  imagePullPolicy: z.enum(["Always", "IfNotPresent", "Never"]),
  ports: z.array(z.strictObject({ name: z.string(), containerPort: z.int() })),
  env: z.array(z.strictObject({ name: z.string(), value: z.string() })),
  envFrom: z.array(z.strictObject({ secretRef: secret })),
  startupProbe: probe,
  livenessProbe: probe,
  readinessProbe: probe.optional(),
  resources: z.strictObject({ requests: z.record(z.string(), quantity), limits: z.record(z.string(), quantity) }),
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.strictObject({ drop: z.tuple([z.literal("ALL")]) }),
  }),
  volumeMounts: z.array(z.strictObject({ name: z.string(), mountPath: z.string(), readOnly: z.boolean().optional() })),
});
const pod = z.strictObject({
  terminationGracePeriodSeconds: z.int(),
  automountServiceAccountToken: z.literal(false),
  securityContext: z.strictObject({
    runAsNonRoot: z.literal(true),
    runAsUser: z.int().min(1),
    runAsGroup: z.int().min(1),
    fsGroup: z.int().min(1),
    seccompProfile: z.strictObject({ type: z.literal("RuntimeDefault") }),
  }),
  containers: z.array(container).length(1),
  volumes: z.array(
    z.strictObject({
      name: z.string(),
      emptyDir: z.strictObject({ sizeLimit: quantity.optional() }).optional(),
      secret: z.strictObject({ secretName: z.string() }).optional(),
    }),
  ),
});
const selector = z.strictObject({ matchLabels: labels });
const specs = {
  "apps/v1 Deployment": z.strictObject({
    replicas: z.int().optional(),
    selector,
    strategy: z
      .strictObject({ rollingUpdate: z.strictObject({ maxUnavailable: z.int(), maxSurge: z.int() }) })
      .optional(),
    template: z.strictObject({ metadata: z.strictObject({ labels }), spec: pod }),
  }),
  "v1 Service": z.strictObject({
    selector: labels,
    ports: z.array(z.strictObject({ name: z.string(), port: z.int(), targetPort: port })),
  }),
  "policy/v1 PodDisruptionBudget": z.strictObject({ maxUnavailable: z.int(), selector }),
  "networking.k8s.io/v1 NetworkPolicy": z.strictObject({
    podSelector: selector,
    policyTypes: z.tuple([z.literal("Ingress")]),
    ingress: z.array(
      z.strictObject({
        from: z.array(z.strictObject({ namespaceSelector: selector })),
        ports: z.array(z.strictObject({ port: z.int() })),
      }),
    ),
  }),
  "keda.sh/v1alpha1 TriggerAuthentication": z.strictObject({
    secretTargetRef: z.array(z.strictObject({ parameter: z.string(), name: z.string(), key: z.string() })),
  }),
  "keda.sh/v1alpha1 ScaledObject": z.strictObject({
    scaleTargetRef: secret,
    minReplicaCount: z.int(),
    maxReplicaCount: z.int(),
    pollingInterval: z.int(),
    cooldownPeriod: z.int(),
    advanced: z.strictObject({
      scalingModifiers: z.strictObject({
        metricType: z.literal("AverageValue"),
        target: z.literal("1"),
        activationTarget: z.literal("0"),
        formula: z.string(),
      }),
    }),
    triggers: z.array(
      z.strictObject({
        type: z.literal("metrics-api"),
        name: z.string().regex(/^[a-z]+$/),
        metricType: z.literal("AverageValue"),
        metadata: z.strictObject({
          url: z.url(),
          valueLocation: z.string(),
          targetValue: z.string().regex(/^\d+$/),
          activationTargetValue: z.string().regex(/^\d+$/),
          authMode: z.literal("bearer"),
        }),
        authenticationRef: secret,
      }),
    ),
  }),
};
const kindOf = ({ apiVersion, kind }: Manifest): string => `${apiVersion} ${kind}`;
type Kind = keyof typeof specs;

const pool = { cpu: "4", memory: "8Gi", scratch: "20Gi", minReplicas: 0, maxReplicas: 10 };
const pools = [
  { name: "default", ...pool },
  { name: "large", ...pool },
];
const manifests = renderChart({ pools });
const ofKind = <K extends Kind>(kind: K): { name: string; spec: z.infer<(typeof specs)[K]> }[] =>
  manifests
    .filter((manifest) => kindOf(manifest) === kind)
    .map(({ metadata: { name }, spec }) => ({ name, spec: specs[kind].parse(spec) as z.infer<(typeof specs)[K]> }));

describe("the chart", () => {
  test.each(manifests.map((manifest) => [`${manifest.kind} ${manifest.metadata.name}`, manifest] as const))(
    "%s has the fields of its kind, and no others",
    (_name, manifest) => {
      const schema = specs[kindOf(manifest) as Kind];
      expect(schema, kindOf(manifest)).toBeDefined();
      metadata.parse(manifest.metadata);
      schema.parse(manifest.spec);
    },
  );

  test("selects its own pods: for services, budgets and policies alike", () => {
    const deployments = ofKind("apps/v1 Deployment");
    expect(deployments.map(({ name }) => name)).toEqual(["jobs-api", "jobs-trainer-default", "jobs-trainer-large"]);
    const podsOf = new Map(deployments.map(({ name, spec }) => [name, spec.template.metadata.labels]));
    for (const { name, spec } of deployments) expect(spec.selector.matchLabels, name).toEqual(podsOf.get(name));
    for (const { name, spec } of ofKind("v1 Service")) expect(spec.selector).toEqual(podsOf.get(name));
    for (const { name, spec } of ofKind("policy/v1 PodDisruptionBudget"))
      expect(spec.selector.matchLabels).toEqual(podsOf.get(name));
    // That of the trainers is for those of every pool.
    const policies = ofKind("networking.k8s.io/v1 NetworkPolicy");
    expect(policies.map(({ name }) => name)).toEqual(["jobs-api", "jobs-trainer"]);
    for (const { name, spec } of policies)
      for (const one of deployments.filter((each) => each.name.startsWith(name)))
        expect(podsOf.get(one.name)).toMatchObject(spec.podSelector.matchLabels);
  });

  test("has trainers for each pool, and as many as the work of that pool wants; with its own values one pool", () => {
    const scaled = ofKind("keda.sh/v1alpha1 ScaledObject");
    expect(scaled.map(({ spec }) => spec.scaleTargetRef.name)).toEqual(["jobs-trainer-default", "jobs-trainer-large"]);
    for (const [i, { spec }] of scaled.entries())
      for (const { metadata: asked } of spec.triggers)
        expect(new URL(asked.url).searchParams.get("pool")).toBe(pools[i]!.name);
    const poolOf = ({ spec }: (typeof deployments)[number]) =>
      spec.template.spec.containers[0]?.env.find(({ name }) => name === "TRAINER_POOL")?.value;
    const deployments = ofKind("apps/v1 Deployment").slice(1);
    expect(deployments.map(poolOf)).toEqual(["default", "large"]);
    expect(renderChart().map(({ metadata: { name } }) => name)).toEqual(
      manifests.map(({ metadata: { name } }) => name).filter((name) => !name.endsWith("-large")),
    );
  });

  test("mounts what it has, gives variables that exist, and leaves trainers the time to drain", () => {
    for (const { name, spec } of ofKind("apps/v1 Deployment")) {
      const { containers, volumes, terminationGracePeriodSeconds } = spec.template.spec;
      const [main] = containers;
      expect(main?.volumeMounts.map((mount) => mount.name)).toEqual(volumes.map((volume) => volume.name));
      for (const variable of main?.env ?? [])
        expect(environmentHelp).toMatch(new RegExp(`^ {2}${variable.name} `, "m"));
      const drain = Number(main?.env.find((variable) => variable.name === "DRAIN_SECONDS")?.value ?? 0);
      expect(terminationGracePeriodSeconds, name).toBeGreaterThan(drain);
      for (const { httpGet: asked } of [main?.livenessProbe, main?.readinessProbe].filter((each) => each !== undefined))
        expect(main?.ports.map((each) => each.name)).toContain(asked?.port);
    }
  });

  test("scales by what the service tells: each value is a field of its JSON", () => {
    const route = readFileSync(join(import.meta.dirname, "../../src/rest/routes/autoscaling-route.ts"), "utf8");
    const [scaled] = ofKind("keda.sh/v1alpha1 ScaledObject");
    const asked = scaled?.spec.triggers.map((trigger) => trigger.metadata) ?? [];
    expect(asked.map(({ valueLocation }) => valueLocation)).toEqual(["waitingSeconds", "usedThreads"]);
    for (const { url, valueLocation } of asked) {
      expect(route).toContain(`"${new URL(url).pathname}"`);
      expect(route).toMatch(new RegExp(`^ {2}${valueLocation}: number;`, "m"));
    }
    const names = scaled?.spec.triggers.map(({ name }) => name) ?? [];
    expect(scaled?.spec.advanced.scalingModifiers.formula).toBe(`${names[0]} / 600 + ${names[1]} / 4`);
    // As many threads as the trainers' cores.
    const [, trainer] = ofKind("apps/v1 Deployment");
    expect(trainer?.spec.template.spec.containers[0]?.resources.limits.cpu).toBe("4");
  });
});
