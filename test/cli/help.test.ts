import type { Command } from "commander";
import { expect, test } from "vitest";
import { createProgram } from "../../src/cli/descent.ts";

const withItsOwn = (command: Command): Command[] => [command, ...command.commands.flatMap(withItsOwn)];
const program = createProgram().configureHelp({ helpWidth: 80 });
const commands = withItsOwn(program);
const optionsOf = (command: Command) => /Options:\n([\s\S]*?)(\n\n|$)/.exec(command.helpInformation())![1]!.trimEnd();

test.each(commands.map((command) => [command.name(), command] as const))(
  "%s: each option takes a line of 80 columns",
  (_, command) => {
    command.configureHelp({ helpWidth: 80 });
    const lines = optionsOf(command).split("\n");
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(line).toMatch(/^ {2}-.{1,78}$/);
  },
);

test("an option that takes a time or a day says in which form", () => {
  const dated = commands.flatMap(({ options }) => options).filter(({ flags }) => /<(time|day|date)>/.test(flags));
  expect(dated.map(({ long }) => long)).toEqual(["--expires", "--from", "--to"]);
  for (const { description } of dated) expect(description).toMatch(/as \d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)? /);
});
