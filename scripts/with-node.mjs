// Runs a script of this project on another Node version, fetched as the npm package node-<os>-<arch>.
//   node scripts/with-node.mjs 22 scripts/test.mjs --suite quick --no-build
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const [version, ...command] = process.argv.slice(2);
if (!/^\d+$/.test(version ?? '') || command.length === 0) {
  console.error('usage: node scripts/with-node.mjs MAJOR SCRIPT [ARGUMENT…]');
  process.exit(2);
}
const folder = join(root, '.nodes', version);
const binary = join(folder, 'package', 'bin', 'node');
if (!existsSync(binary)) {
  const staging = join(root, '.nodes', `${version}.staging`);
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  const name = `node-${process.platform}-${process.arch}@${version}`;
  const run = (program, args) => {
    const result = spawnSync(program, args, { cwd: staging, stdio: ['ignore', 'ignore', 'inherit'] });
    if (result.status !== 0) throw new Error(`${program} ${args[0]} ${name} ended with ${result.status}`);
  };
  run('npm', ['pack', name, '--silent']);
  run('tar', ['xzf', readdirSync(staging).find((file) => file.endsWith('.tgz'))]);
  rmSync(folder, { recursive: true, force: true });
  renameSync(staging, folder);
}
const result = spawnSync(binary, command, { cwd: root, stdio: 'inherit' });
process.exit(result.status ?? 1);
