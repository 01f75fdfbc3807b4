import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cliPath } from '../../test/support/project.js';
import { writeGeneratedTree } from '../generated-tree.js';
import { type Row, ratioAtMost } from '../row.js';
import type { Site } from '../site.js';
import { timeProgram } from '../time-program.js';

const PACK_GOAL = 1.3;
const UNPACK_GOAL = 2.5;
const SEED = 'prov bench tree 1';

/** Packing and unpacking a tree of 2,000 files, as commands, against GNU tar with gzip. */
export function archiveRows(site: Site): Row[] {
  const home = site.folder('archive');
  const tree = join(home, 'tree');
  const layout = join(home, 'layout');
  const tarball = join(home, 'tree.tar.gz');
  const out = join(home, 'out');
  let made = false;
  const run = (command: string, args: readonly string[]) =>
    timeProgram(command, args, { cwd: home, env: site.env });
  const pack = (target: string) => run(process.execPath, [cliPath, 'ext', 'pack', tree, '--output', target]);
  const tar = (target: string) =>
    run('tar', ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '-czf', target, '-C', home, 'tree']);
  const prepare = async () => {
    if (made) return;
    made = true;
    writeGeneratedTree(tree, SEED);
    pack(layout);
    tar(tarball);
  };
  let packs = 0;
  const skip = process.platform === 'linux' ? undefined : 'GNU tar is expected';
  const unpacked = (name: string) => join(out, name);
  return [
    {
      id: 'archive.pack',
      title: 'pack 2,000 files (12 MB)',
      unit: 'ms',
      better: 'lower',
      skip,
      candidate: { name: 'prov ext pack --output', measure: () => pack(join(home, `packed-${packs++}`)) },
      peer: { name: 'tar --sort=name -czf', measure: () => tar(join(home, 'packed.tar.gz')) },
      goal: ratioAtMost(PACK_GOAL),
      note: 'ours deflates with zlib in WebAssembly, in pieces and on several threads, for the same bytes on every machine, hashes tar and gzip, writes a layout with fsync, and starts Node',
      prepare,
    },
    {
      id: 'archive.unpack',
      title: 'unpack 2,000 files (12 MB)',
      unit: 'ms',
      better: 'lower',
      skip,
      candidate: {
        name: 'prov ext pull oci-layout:',
        measure: () =>
          run(process.execPath, [
            cliPath,
            ...['ext', 'pull', `oci-layout:${layout}`, '--destination', unpacked('ours')],
          ]),
      },
      peer: {
        name: 'tar -xzf',
        measure: () => run('tar', ['-xzf', tarball, '-C', unpacked('theirs')]),
      },
      goal: ratioAtMost(UNPACK_GOAL),
      note: 'ours starts Node, checks the digests of archive and tar, judges every entry and renames the whole',
      prepare,
      async beforeRound() {
        mkdirSync(unpacked('theirs'), { recursive: true });
      },
      async afterRound() {
        rmSync(out, { recursive: true, force: true });
      },
    },
  ];
}
