/** The little of cli-progress that the command line uses; the package brings no types. */
declare module "cli-progress" {
  interface Options {
    format: string;
    hideCursor: boolean;
    noTTYOutput: boolean;
    notTTYSchedule: number;
  }
  class SingleBar {
    constructor(options: Options);
    start(total: number, value: number, payload: Record<string, string>): void;
    update(value: number, payload: Record<string, string>): void;
    stop(): void;
  }
  const cliProgress: { SingleBar: typeof SingleBar };
  // biome-ignore lint/style/noDefaultExport: the package has no other export
  export default cliProgress;
}
