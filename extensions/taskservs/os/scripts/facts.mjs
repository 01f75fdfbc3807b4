import { accessSync, constants, statfsSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { delimiter, join } from 'node:path';

const MIB = 1024 * 1024;

/** What this machine is; plain values, the same shape everywhere. */
export function readFacts(prefix) {
  const disk = statfsSync(prefix);
  return {
    os: platform(),
    arch: arch(),
    kernel: release(),
    libc: readLibc(),
    cpus: Math.max(1, cpus().length),
    memory_mb: Math.floor(totalmem() / MIB),
    disk_free_mb: Math.floor((disk.bavail * disk.bsize) / MIB),
    node: process.versions.node,
  };
}

function readLibc() {
  if (platform() !== 'linux') return 'system';
  const version = process.report?.getReport().header.glibcVersionRuntime;
  return version === undefined ? 'musl' : `glibc ${version}`;
}

/** One sentence for each prerequisite that is not met, saying what is there and what is asked. */
export function unmetPrerequisites(facts, config) {
  const problems = [];
  const {
    min_cpus = 1,
    min_memory_mb = 0,
    min_disk_mb = 0,
    min_node = '20.17.0',
    required_commands = [],
  } = config;
  if (facts.cpus < min_cpus) problems.push(`${min_cpus} processors are needed, there are ${facts.cpus}`);
  if (facts.memory_mb < min_memory_mb)
    problems.push(`${min_memory_mb} MiB of memory are needed, there are ${facts.memory_mb}`);
  if (facts.disk_free_mb < min_disk_mb)
    problems.push(`${min_disk_mb} MiB of free disk are needed, there are ${facts.disk_free_mb}`);
  if (isOlder(facts.node, min_node))
    problems.push(`Node ${min_node} or newer is needed, this is ${facts.node}`);
  for (const command of required_commands) {
    if (!isOnPath(command)) problems.push(`the program '${command}' is needed and not on the PATH`);
  }
  return problems;
}

function isOlder(version, minimum) {
  const [a, b] = [version, minimum].map((each) => each.split('.').map(Number));
  const at = a.findIndex((part, index) => part !== b[index]);
  return at !== -1 && a[at] < b[at];
}

function isOnPath(command) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
