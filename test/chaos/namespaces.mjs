import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { endTogether } from "./end-together.mjs";

const INSIDE = "CHAOS_INSIDE";
/** Of the bridge, on which everything but the trainers listens. */
export const hubAddress = "10.213.0.1";

const run = (program, ...args) => execFileSync(program, args, { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });

/** What keeps network namespaces from being made here; null if nothing does. */
const obstacle = () => {
  if (process.platform !== "linux") return "it is Linux that has network namespaces";
  if (process.getuid() !== 0) return "network namespaces need root";
  for (const [program, ...args] of [
    ["ip", "-V"],
    ["tc", "-V"],
    ["iptables", "--version"],
    ["nsenter", "--version"],
  ])
    try {
      run(program, ...args);
    } catch {
      return `${program} is not to be had: install iproute2, iptables and util-linux`;
    }
  try {
    run("unshare", "--net", "ip", "link", "set", "lo", "up");
    return null;
  } catch (error) {
    return `this system does not make them (${String(error.stderr ?? error.message).trim()})`;
  }
};

/**
 * Runs this command once more, in a network namespace of its own, so that no interface of the machine changes. Returns its exit code; null inside, where the command goes on.
 * Whatever is made in it is gone with its last process.
 */
export const runInNamespace = async () => {
  if (process.env[INSIDE] !== undefined) return null;
  const reason = obstacle();
  if (reason !== null) throw new Error(`--machines: ${reason}`);
  const child = spawn("unshare", ["--net", process.execPath, ...process.argv.slice(1)], {
    env: { ...process.env, [INSIDE]: "1" },
    stdio: "inherit",
  });
  endTogether(child);
  const [code] = await once(child, "exit");
  return code ?? 1;
};

/** One machine: a namespace that ends with this process, and its link to the bridge. */
const addMachine = async (number) => {
  const holder = spawn("unshare", ["--net", "sh", "-c", "ip link set lo up && echo ready && exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  endTogether(holder);
  await once(holder.stdout, "data");
  const enter = ["nsenter", `--net=/proc/${holder.pid}/ns/net`];
  const within = (...command) => run(...enter, ...command);
  const end = `machine${number}`;
  run("ip", "link", "add", end, "type", "veth", "peer", "name", "eth0", "netns", String(holder.pid));
  run("ip", "link", "set", end, "master", "hub", "up");
  within("ip", "address", "add", `10.213.0.${10 + number}/24`, "dev", "eth0");
  within("ip", "link", "set", "eth0", "up");
  return {
    /** Runs a program there: the words before it. */
    enter,
    cut: () => within("ip", "link", "set", "eth0", "down"),
    mend: () => within("ip", "link", "set", "eth0", "up"),
    /** A share of the packets that arrive is lost; all of them: it falls silent without a word. */
    lose: (share) =>
      within(
        "iptables",
        "-A",
        "INPUT",
        "-i",
        "eth0",
        "-m",
        "statistic",
        "--mode",
        "random",
        "--probability",
        String(share),
        "-j",
        "DROP",
      ),
    loseNone: () => within("iptables", "-F", "INPUT"),
    /** A narrow link: what is sent waits, up to half a second, and what would wait longer is lost. */
    slow: (kilobits) =>
      within(
        "tc",
        "qdisc",
        "add",
        "dev",
        "eth0",
        "root",
        "tbf",
        "rate",
        `${kilobits}kbit`,
        "burst",
        "4k",
        "latency",
        "500ms",
      ),
    slowNoMore: () => within("tc", "qdisc", "del", "dev", "eth0", "root"),
  };
};

/** A bridge and so many machines at it. They are made once: faults change what is inside of them. */
export const createMachines = async (count) => {
  run("ip", "link", "set", "lo", "up");
  run("ip", "link", "add", "hub", "type", "bridge");
  run("ip", "address", "add", `${hubAddress}/24`, "dev", "hub");
  run("ip", "link", "set", "hub", "up");
  const machines = [];
  for (let number = 0; number < count; number++) machines.push(await addMachine(number));
  return machines;
};
