import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeGeneratedTree } from '../../bench/generated-tree.js';
import { LAYOUT_REPOSITORY, LAYOUT_TAG, writeRandomLayout } from '../../bench/random-layout.js';
import { eventLoopDelays } from '../support/event-loop-delays.js';
import { isolatedEnvironment } from '../support/prov.js';
import { ownRegistry } from '../support/registries.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const MEBIBYTES = 100;
/** The goal is 50 ms on a quiet machine, and in the benchmark; a step that works through 100 MiB takes longer than this. */
const NEVER_MS = 1000;

test('the event loop goes on while 100 MiB and 2,000 files are packed, pushed, pulled and unpacked', async (t) => {
  const folder = temporaryDirectory(t);
  const env = isolatedEnvironment(folder, {});
  const { host } = await ownRegistry(t, join(folder, 'server'), env);
  const layout = join(folder, 'layout');
  writeRandomLayout(layout, 'event loop', MEBIBYTES);
  writeGeneratedTree(join(folder, 'tree'), 'event loop');
  mkdirSync(join(folder, 'large'));
  writeFileSync(
    join(folder, 'large/manifest.yaml'),
    'schema: 1\nname: large\ntype: taskserv\nversion: 1.0.0\ndescription: One large file.\nlicense: Apache-2.0\n',
  );
  writeFileSync(join(folder, 'large/data.bin'), Buffer.alloc(MEBIBYTES * 2 ** 20, 'prov '));
  const local = (path: string) => `oci-layout:${path}#${LAYOUT_REPOSITORY}:${LAYOUT_TAG}`;
  const remote = `${host}/bench/image:${LAYOUT_TAG}`;
  const steps: readonly (readonly string[])[] = [
    ['copy', local(layout), remote],
    ['copy', remote, local(join(folder, 'copied'))],
    ...['tree', 'large'].flatMap((name) => [
      ['pack', join(folder, name), '--output', join(folder, `packed-${name}`)],
      ['push', join(folder, name), '--registry', host, '--namespace', 'bench'],
      ['pull', `${host}/bench/${name}:1.0.0`, '--destination', join(folder, `pulled-${name}`)],
    ]),
  ];
  for (const args of steps) {
    const { count, p50, p99, max } = eventLoopDelays(['ext', ...args], { cwd: folder, env });
    const shown = [p50, p99, max].map((each) => each.toFixed(1));
    t.diagnostic(
      `${args.slice(0, 1)} ${args[1]!.slice(-20)}: p50 ${shown[0]}, p99 ${shown[1]}, max ${shown[2]} ms (${count})`,
    );
    assert.ok(count > 0, `${args[0]} was looked at`);
    assert.ok(p99 < NEVER_MS, `${args.join(' ')}: ${p99} ms`);
  }
});
