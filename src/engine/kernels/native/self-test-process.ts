// A process of its own: a library that does not fit this processor ends it, and nothing else. Arguments: path, level. Prints the first difference.
import { testLibrary } from "./self-test.ts";

const [path = "", level = ""] = process.argv.slice(2);
const difference = await testLibrary({ path, level });
if (difference !== null) process.stdout.write(difference);
process.exitCode = difference === null ? 0 : 1;
