import type { AppControllerRoute, IServerAdapter, UIConfig } from "@bull-board/api/typings/app";
import type { Redis } from "ioredis";
import { ServiceError } from "../domain/errors.ts";
import type { TenantId } from "../domain/ids.ts";
import { answered } from "./answered.ts";
import { createLazyQueues } from "./lazy-queues.ts";
import type { QueueEntry } from "./training-queue.ts";

export interface QueueBoardOptions {
  /** Of every queue there is. */
  queueNames: () => Promise<readonly string[]>;
  /** A connection that fails fast. */
  connection: Redis;
  onError: (error: Error) => void;
}

export interface BoardAnswer {
  status: number;
  body: unknown;
}

/** Bull Board's data: what is in each queue. It only reads. */
export interface QueueBoard {
  /** What its page is told of itself. */
  settings(): Promise<UIConfig>;
  /**
   * Answers its page: `path` is that after `/api`. Of whose entries those are that `isShown` refuses nothing is told but that they are
   * there. Rejects with `not_found`, or with `unavailable` within a second when Redis does not answer.
   */
  ask(path: string, query: Record<string, unknown>, isShown: (tenant: TenantId) => boolean): Promise<BoardAnswer>;
  close(): Promise<void>;
}

/** Hands over what Bull Board makes for a server: its routes and what its page is told. */
const collect = (made: { routes: AppControllerRoute[]; settings: UIConfig }): IServerAdapter => {
  const adapter: IServerAdapter = {
    setQueues: () => adapter,
    setViewsPath: () => adapter,
    setStaticPath: () => adapter,
    setEntryRoute: () => adapter,
    setErrorHandler: () => adapter,
    setApiRoutes: (routes) => {
      made.routes = routes;
      return adapter;
    },
    setUIConfig: (settings) => {
      made.settings = settings;
      return adapter;
    },
  };
  return adapter;
};

/** `/api/queues/:queueName` → what it matches, the parameters by their names. */
const patternOf = (route: string): RegExp => new RegExp(`^${route.replace(/:(\w+)/g, "(?<$1>[^/]+)")}$`);

/** Loaded when first asked for: most services are never looked at this way. */
const loadBoard = async () => {
  const [{ createBullBoard }, { BullMQAdapter }] = await Promise.all([
    import("@bull-board/api"),
    import("@bull-board/api/bullMQAdapter"),
  ]);
  const made: { routes: AppControllerRoute[]; settings: UIConfig } = { routes: [], settings: {} };
  createBullBoard({
    queues: [],
    serverAdapter: collect(made),
    options: { uiConfig: { boardTitle: "Queues · Descent", hideDocsLink: true } },
  });
  const reading = made.routes
    .filter(({ method }) => method === "get")
    .flatMap(({ route, handler }) => [route].flat().map((path) => ({ pattern: patternOf(path), handler })));
  return { reading, settings: made.settings, BullMQAdapter };
};

/** Whose entries these are and of which job or study: ids only, and other tenants' are for who looks after all tenants. */
const dataFor =
  (isShown: (tenant: TenantId) => boolean) =>
  (data: QueueEntry): unknown =>
    isShown(data.tenant) ? data : {};

/** Bull Board over every queue. Its routes that change something are left out: entries belong to the service. */
export const createQueueBoard = ({ queueNames, connection, onError }: QueueBoardOptions): QueueBoard => {
  let board: ReturnType<typeof loadBoard> | null = null;
  const load = () => {
    board ??= loadBoard();
    return board;
  };
  const { ready, close } = createLazyQueues({ connection, jobs: {}, onError });
  return {
    settings: async () => (await load()).settings,
    ask: async (path, query, isShown) => {
      const { reading, BullMQAdapter } = await load();
      for (const { pattern, handler } of reading) {
        const match = pattern.exec(`/api${path}`);
        if (match === null) continue;
        const { status = 200, body } = await answered("queues", async () => {
          const adapters = (await queueNames()).map((name) => new BullMQAdapter(ready(name), { readOnlyMode: true }));
          for (const adapter of adapters) adapter.setFormatter("data", dataFor(isShown));
          const shown = new Map(adapters.map((adapter) => [adapter.getName(), adapter]));
          return handler({ queues: shown, uiConfig: {}, params: { ...match.groups }, query, body: {}, headers: {} });
        });
        return { status, body };
      }
      throw new ServiceError("not_found", "there is nothing here");
    },
    close,
  };
};
