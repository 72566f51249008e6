import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { errorCatalogue } from "../src/domain/errors.ts";
import { transitions } from "../src/domain/jobs/job-state.ts";
import { environmentHelp } from "../src/environment-help.ts";
import { operations } from "../src/usecases/admission/operations.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const notOurs = new Set([".git", "node_modules", "dist", "data", "coverage"]);
const read = (path: string): string => readFileSync(join(root, path), "utf8");

const filesUnder = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();

const isCode = (path: string): boolean => /\.(ts|tsx)$/.test(path);
const isGenerated = (path: string): boolean => path.startsWith("src/grpc/generated/");
/** AssemblyScript: another language in the same clothes, with imports of its own kind. */
const isAssembly = (path: string): boolean => path.startsWith("src/engine/kernels/assembly/");

const sources = [...filesUnder("src"), ...filesUnder("workers")].filter((path) => isCode(path) && !isGenerated(path));
const tests = filesUnder("test").filter(isCode);

interface Floor {
  /** What may be imported: folders and files. */
  values: string[];
  /** What may be imported as types only. */
  types?: string[];
}

/** The engine knows no word of the service but its errors; the shapes of specs it sees as types. */
const engineFloor = (...below: string[]): Floor => ({
  values: [...below.map((name) => `src/engine/${name}`), "src/domain/errors.ts"],
  types: ["src/domain"],
});

/** Each floor may import itself and what stands beside it, nothing else. */
const floors: Record<string, Floor> = {
  "src/domain": { values: [] },
  "src/engine/tensor": engineFloor(),
  "src/engine/kernels": engineFloor("tensor"),
  "src/engine/graph": engineFloor("tensor", "kernels"),
  "src/engine/parallel": engineFloor("tensor", "kernels", "graph"),
  "src/engine/nn": engineFloor("tensor", "kernels", "graph"),
  "src/engine/optim": engineFloor("tensor", "kernels", "graph"),
  "src/engine/cluster": engineFloor("tensor", "kernels", "graph"),
  "src/engine/exact": engineFloor("tensor", "kernels"),
  "src/engine/train": engineFloor("tensor", "kernels", "graph", "parallel", "nn", "optim", "cluster"),
  /** Files of the outside world: bytes in, values out, no word of jobs. */
  "src/formats": { values: ["src/domain"] },
  "src/data": {
    values: [
      "src/domain",
      "src/formats",
      ...["philox", "math64", "normal-quantile64"].map((name) => `src/engine/kernels/${name}.ts`),
    ],
    types: ["src/engine/tensor/table.ts"],
  },
  /** Models as files that run elsewhere. */
  "src/exporting": { values: ["src/domain", "src/engine", "src/formats", "src/data"] },
  "src/stats": {
    values: ["src/domain", "src/data", "src/engine/kernels/math64.ts", "src/engine/kernels/gamma64.ts"],
    types: ["src/engine/tensor/table.ts"],
  },
  /** Proposals, from the results that were seen to the next point: no clock, no queue. */
  "src/search": {
    values: [
      "src/domain",
      "src/stats",
      ...["philox", "math64", "erf64", "normal-quantile64"].map((name) => `src/engine/kernels/${name}.ts`),
    ],
  },
  "src/store": { values: ["src/domain"] },
  "src/queue": { values: ["src/domain"] },
  "src/webhooks": { values: ["src/domain"] },
  "src/tracking": { values: ["src/domain"] },
  "src/usecases": {
    values: [
      "src/domain",
      "src/formats",
      "src/data",
      "src/stats",
      "src/search",
      "src/store",
      "src/queue",
      "src/webhooks",
      "src/tracking",
    ],
  },
  "src/rest": { values: ["src/usecases", "src/domain"] },
  "src/grpc": { values: ["src/usecases", "src/domain"] },
  "src/inference-protocol": { values: ["src/usecases", "src/rest", "src/grpc", "src/formats", "src/domain"] },
  /** Another dialect of REST: the same server, bodies and errors. */
  "src/openai": { values: ["src/usecases", "src/domain", "src/rest"] },
  /** The page runs in browsers: of the service it sees types, and nothing that would be sent along. */
  "src/web/page": { values: ["src/client"], types: ["src/domain"] },
  "src/web": { values: ["src/usecases", "src/domain"], types: ["src/queue"] },
  /** Whoever imports it gets no more than this: of the service it sees types. */
  "src/client": { values: [], types: ["src/domain"] },
  "src/config.ts": { values: ["src/environment-fields.ts", "src/telemetry-fields.ts", "src/domain/jobs/pool.ts"] },
  "src/telemetry-fields.ts": { values: ["src/environment-fields.ts"] },
  "src/environment-fields.ts": { values: [] },
  "src/environment-help.ts": { values: [] },
  /** A client like any other; what it starts besides is what `npm start` starts. */
  "src/cli": {
    values: ["src/client", "src/formats", "src/domain", "src/config.ts", "src/main", "src/main.ts"],
  },
  "src/demo.ts": { values: ["src/client", "src/cli"] },
  workers: {
    // Large bodies and messages are read in a thread, in the same words as everywhere.
    values: [
      ...[
        "src/domain",
        "src/engine",
        "src/formats",
        "src/data",
        "src/exporting",
        "src/stats",
        "src/store",
        "src/queue",
      ],
      "src/usecases/admission/parse.ts",
      ...["src/grpc/prediction-messages.ts", "src/grpc/generated", "src/inference-protocol"],
    ],
    types: ["src/usecases"],
  },
  "src/main": { values: ["src", "workers"] },
  "src/main.ts": { values: ["src", "workers"] },
};

const isWithin = (path: string, floor: string): boolean => path === floor || path.startsWith(`${floor}/`);
const floorOf = (path: string): string | undefined =>
  Object.keys(floors)
    .filter((floor) => isWithin(path, floor))
    .sort((a, b) => b.length - a.length)[0];

interface Import {
  specifier: string;
  typeOnly: boolean;
}

const knownImports = new Map<string, Import[]>();
/** Each file is read once: the rules ask for the same ones hundreds of times. */
const importsOf = (path: string): Import[] => {
  const found = knownImports.get(path) ?? readImports(path);
  knownImports.set(path, found);
  return found;
};

const readImports = (path: string): Import[] => {
  const text = read(path);
  const clauses = /^(?:import|export)\s+(type\s+)?(?:[\w*{][^;"]*?\s+from\s+)?"([^"]+)"|\bimport\("([^"]+)"\)/gm;
  return [...text.matchAll(clauses)].map(([whole, type, specifier, dynamic]) => ({
    specifier: specifier ?? dynamic ?? "",
    typeOnly: type !== undefined || /^(import|export) \{(\s*type \w+( as \w+)?,?)+\s*\} from/.test(whole),
  }));
};

const wrongImport = (path: string, { specifier, typeOnly }: Import): boolean => {
  const from = floorOf(path);
  if (from === undefined) return true;
  const target = normalize(join(dirname(path), specifier));
  if (floorOf(target) === from) return false;
  const { values, types = [] } = floors[from] ?? { values: [] };
  return ![...values, ...(typeOnly ? types : [])].some((floor) => isWithin(target, floor));
};

describe("the floors", () => {
  const code = sources.filter((path) => !isAssembly(path));

  test("every source file stands on a floor", () => {
    expect(code.filter((path) => floorOf(path) === undefined)).toEqual([]);
  });

  test("a floor imports only from the floors below it", () => {
    const wrong = code.flatMap((path) =>
      importsOf(path)
        .filter(({ specifier }) => specifier.startsWith("."))
        .filter((entry) => wrongImport(path, entry))
        .map(({ specifier }) => `${path} → ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  test("relative imports name the file, with its extension", () => {
    const wrong = [...code, ...tests].flatMap((path) =>
      importsOf(path)
        .filter(({ specifier }) => specifier.startsWith(".") && !/\.(tsx?|mjs|json)$/.test(specifier))
        .map(({ specifier }) => `${path} → ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  test("the domain knows zod and ulid, and the engine no package but koffi", () => {
    const packagesOf = (folder: string): string[] => [
      ...new Set(
        code
          .filter((path) => isWithin(path, folder))
          .flatMap(importsOf)
          .map(({ specifier }) => specifier)
          .filter((specifier) => !specifier.startsWith(".") && !specifier.startsWith("node:")),
      ),
    ];
    expect(packagesOf("src/domain").filter((name) => !["zod", "ulid"].includes(name))).toEqual([]);
    expect(packagesOf("src/engine").filter((name) => name !== "koffi")).toEqual([]);
  });
});

describe("the rooms", () => {
  const code = sources.filter((path) => !path.endsWith(".d.ts"));
  const mostFiles = 16;
  /** Why a folder may hold more: a reason each. */
  const mayHoldMore: Record<string, string> = {
    "src/engine/kernels/assembly": "one list of kernels, in the names of the families that declare them",
  };

  test(`no folder holds more than ${mostFiles} source files`, () => {
    const counts = new Map<string, number>();
    for (const path of code) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
    const crowded = [...counts].filter(([folder, count]) => count > mostFiles && mayHoldMore[folder] === undefined);
    expect(crowded).toEqual([]);
  });

  test("ARCHITECTURE has a line for every folder with source files, and for no other", () => {
    const listed = [...read("ARCHITECTURE.md").matchAll(/^\| `((?:src|workers)(?:\/[\w-]+)*)` \|/gm)].map(
      ([, path]) => path,
    );
    const folders = [...new Set(code.map((path) => dirname(path)))];
    expect([...listed].sort()).toEqual(folders.sort());
  });

  test("no file imports itself, directly or through others", () => {
    const known = new Set(sources);
    const assemblyOf = (target: string): string => (isAssembly(`${target}.ts`) ? `${target}.ts` : target);
    const edges = new Map(
      sources.map((path) => [
        path,
        importsOf(path)
          .filter(({ specifier }) => specifier.startsWith("."))
          .map(({ specifier }) => assemblyOf(normalize(join(dirname(path), specifier))))
          .filter((target) => known.has(target)),
      ]),
    );
    const circles: string[] = [];
    const done = new Set<string>();
    const visit = (path: string, trail: string[]): void => {
      if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
      if (done.has(path) || trail.includes(path)) return;
      for (const target of edges.get(path) ?? []) visit(target, [...trail, path]);
      done.add(path);
    };
    for (const path of sources) visit(path, []);
    expect(circles).toEqual([]);
  });

  test("both surfaces call each operation through its one use case", () => {
    const useCases = sources.filter((path) => isWithin(path, "src/usecases"));
    const callersOf = (useCase: string): string[] =>
      sources.filter((path) =>
        importsOf(path).some(({ specifier }) => normalize(join(dirname(path), specifier)) === useCase),
      );
    const missing = Object.keys(operations).flatMap((name) => {
      const file = `/${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.ts`;
      const useCase = useCases.find((path) => path.endsWith(file));
      if (useCase === undefined) return [`${name}: no use case${file}`];
      const callers = callersOf(useCase);
      return ["src/rest", "src/grpc"]
        .filter((surface) => !callers.some((path) => isWithin(path, surface)))
        .map((surface) => `${name}: not called from ${surface}`);
    });
    expect(missing).toEqual([]);
  });
});

describe("the files", () => {
  const longest = 300;
  /** Why a file may be longer: a reason each. */
  const mayBeLonger: Record<string, string> = {
    "test/tidy.test.ts": "one list of rules, read from top to bottom",
  };

  test(`none is longer than ${longest} lines`, () => {
    const long = [...sources, ...tests]
      .filter((path) => mayBeLonger[path] === undefined)
      .filter((path) => read(path).split("\n").length > longest);
    expect(long).toEqual([]);
  });

  test("names are kebab-case and say what is inside", () => {
    const names = sources.flatMap((path) => path.split("/")).map((name) => name.replace(/(\.d)?\.(ts|tsx)$/, ""));
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))).toEqual([]);
    expect(names.filter((name) => /^(utils?|commons?|helpers?|misc|shared)$/.test(name))).toEqual([]);
  });

  test("there are no barrels", () => {
    const isBarrel = (path: string): boolean => {
      const statements = read(path)
        .replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "")
        .split(";")
        .map((statement) => statement.trim())
        .filter((statement) => statement !== "");
      return statements.length > 0 && statements.every((statement) => /^export\s[\s\S]*\sfrom\s*"/.test(statement));
    };
    expect(sources.filter((path) => !isAssembly(path)).filter(isBarrel)).toEqual([]);
  });

  test("there are no default exports, no `any`, and no rule of the linter is switched off without a reason", () => {
    const code = sources.filter((path) => !isAssembly(path) && !path.endsWith(".d.ts"));
    expect(
      code.filter((path) => /^\s*export default\b/m.test(read(path).replace(/declare module[\s\S]*?^}/gm, ""))),
    ).toEqual([]);
    expect(
      code.filter((path) =>
        /(:|<|as|,)\s*any\b(?=[\s;,)>[\]|&=])/.test(
          read(path).replace(/\/\*[\s\S]*?\*\/|\/\/.*$|"[^"\n]*"|`[^`]*`/gm, ""),
        ),
      ),
    ).toEqual([]);
    const unexplained = /@ts-(ignore|nocheck)|@ts-expect-error\s*$|biome-ignore [\w/]+\s*(:\s*)?$/m;
    expect([...code, ...tests].filter((path) => path !== "test/tidy.test.ts" && unexplained.test(read(path)))).toEqual(
      [],
    );
  });

  test("the top of the repository holds what is listed here and nothing else", () => {
    const expected = [
      ...[".ci", ".dockerignore", ".gitignore", "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "README.md"],
      ...[
        "biome.json",
        "docker",
        "docker-compose.yml",
        "knip.json",
        "package-lock.json",
        "package.json",
        "proto",
        "src",
      ],
      ...["test", "tsconfig.build.json", "tsconfig.json", "tsconfig.web.json", "vitest.config.ts", "workers"],
    ];
    expect(readdirSync(root).filter((name) => !notOurs.has(name) && !expected.includes(name))).toEqual([]);
    expect(expected.filter((name) => !existsSync(join(root, name)))).toEqual([]);
  });
});

describe("what is fetched from where", () => {
  test("the page names no other server", () => {
    // Documents may link to others; what a page loads by itself they do not name.
    const code = filesUnder("src/web").filter((path) => !path.endsWith(".md"));
    const page = code.map((path) => ({
      path,
      text: read(path).replaceAll("http://www.w3.org/2000/svg", ""),
    }));
    expect(page.filter(({ text }) => /(https?:)?\/\/[\w-]+\.[\w.-]+\//.test(text)).map(({ path }) => path)).toEqual([]);
  });

  test("the lock file knows the packages of every platform: npm 11 refuses to install without", () => {
    interface Locked {
      optionalDependencies?: Record<string, string>;
    }
    const { packages }: { packages: Record<string, Locked> } = JSON.parse(read("package-lock.json"));
    const wanted = Object.values(packages).flatMap(({ optionalDependencies }) =>
      Object.keys(optionalDependencies ?? {}),
    );
    expect(
      wanted.filter((name) => !Object.keys(packages).some((path) => path.endsWith(`node_modules/${name}`))),
    ).toEqual([]);
  });

  test("no file names a package registry, so that everyone's own is used", () => {
    const lock = read("package-lock.json");
    expect(lock).not.toMatch(/"resolved"/);
    const texts = [...sources, ...tests, ...filesUnder("docker"), "package.json", "docker-compose.yml", ".ci/run"];
    expect([...texts, "package-lock.json"].filter((path) => /\bregistry\.[a-z]+\.[a-z]+/.test(read(path)))).toEqual([]);
  });
});

describe("the documents", () => {
  const pages = filesUnder("src/web/docs").map(read);
  /** What users read: README and the pages of the documents. */
  const readme = [read("README.md"), ...pages].join("\n");
  const architecture = read("ARCHITECTURE.md");

  test("README is read on two screens, and what is reference stands in the pages", () => {
    expect(read("README.md").split("\n").length).toBeLessThanOrEqual(160);
  });

  test("the documents list every environment variable", () => {
    const variables = [...environmentHelp.matchAll(/^ {2}([A-Z_]+) /gm)].map(([, name]) => name);
    expect(variables.length).toBeGreaterThan(5);
    expect(variables.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });

  test("the documents list every error code with its statuses, and no other", () => {
    const rows = [...readme.matchAll(/^\| `([a-z_]+)` \| (\d{3}) \| ([A-Z_]+) \|/gm)].map(
      ([, code, http, grpc]) => `${code} ${http} ${grpc}`,
    );
    const catalogue = Object.entries(errorCatalogue).map(([code, { http, grpc }]) => `${code} ${http} ${grpc}`);
    expect(rows.sort()).toEqual(catalogue.sort());
  });

  test("ARCHITECTURE draws the state machine as the code has it", () => {
    const drawn = [...architecture.matchAll(/^ {4}(\w+) --> (\w+): (\w+)$/gm)].map(
      ([, from, to, name]) => `${from} ${to} ${name}`,
    );
    const coded = Object.entries(transitions).flatMap(([name, { from, to }]) =>
      from.map((state) => `${state} ${to} ${name}`),
    );
    expect(drawn.sort()).toEqual(coded.sort());
  });

  test("the files and folders that the documents name are there", () => {
    const named = [
      ...`${readme}\n${architecture}`.matchAll(/`((?:src|test|workers|docker|proto)\/[\w./-]*\w)\/?`/g),
    ].map(([, path]) => path ?? "");
    expect([...new Set(named)].filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test("the npm commands that the documents name are there", () => {
    const scripts: Record<string, string> = JSON.parse(read("package.json")).scripts;
    const named = [...`${readme}\n${architecture}`.matchAll(/`[^`\n]*npm run ([\w:-]+)/g)].map(
      ([, name]) => name ?? "",
    );
    expect([...new Set(named)].filter((name) => scripts[name] === undefined)).toEqual([]);
  });
});

describe("docker", () => {
  interface Service {
    build?: { dockerfile: string };
    user?: string;
    read_only?: boolean;
    cap_drop?: string[];
    security_opt?: string[];
    restart?: string;
    healthcheck?: unknown;
  }
  const compose: { services: Record<string, Service>; volumes: Record<string, null> } = parseYaml(
    read("docker-compose.yml"),
    { merge: true },
  );

  test("every service runs without root, without capabilities, on a read-only file system, and is watched", () => {
    expect(Object.keys(compose.services)).toEqual(["redis", "api", "trainer"]);
    for (const [name, service] of Object.entries(compose.services)) {
      expect(service, name).toMatchObject({
        read_only: true,
        cap_drop: ["ALL"],
        security_opt: ["no-new-privileges:true"],
      });
      expect(service.user, name).not.toBeOneOf([undefined, "root", "0"]);
      const watched =
        service.healthcheck !== undefined || /^HEALTHCHECK /m.test(read(service.build?.dockerfile ?? "LICENSE"));
      expect(watched, `${name} has a health check`).toBe(true);
    }
  });

  test("the images copy only what exists or is built, drop development packages and root", () => {
    for (const { build } of Object.values(compose.services)) {
      if (build === undefined) continue;
      const dockerfile = read(build.dockerfile);
      const copied = [...dockerfile.matchAll(/^COPY --from=build \/app\/(\S+)/gm)].map(([, path]) => path ?? "");
      expect(
        copied.filter((path) => !["node_modules", "dist"].includes(path) && !existsSync(join(root, path))),
      ).toEqual([]);
      expect(copied).toContain("dist");
      expect(dockerfile).toMatch(/npm ci --omit=dev/);
      expect(dockerfile).toMatch(/^USER node$/m);
    }
  });
});
