import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { unfinished } from './files.js';
import { processesLeft } from './processes.js';
import { isolatedEnvironment, type ProvOptions } from './prov.js';
import { type Cleanup, temporaryDirectory } from './temporary-directory.js';

/** A directory with a home, a temporary folder and a working directory of its own. */
export interface Sandbox {
  readonly root: string;
  readonly work: string;
  readonly env: NodeJS.ProcessEnv;
  readonly options: ProvOptions;
  /** Nothing unfinished lies around below it, and no process works in it besides those told. */
  assertNothingHalfDone(running?: number): Promise<void>;
}

export function createSandbox(t: Cleanup): Sandbox {
  const root = temporaryDirectory(t);
  const [work, temporary] = [join(root, 'work'), join(root, 'tmp')];
  for (const dir of [work, temporary, join(root, 'home')]) mkdirSync(dir);
  const env = isolatedEnvironment(join(root, 'home'), {
    TMPDIR: temporary,
    PROVISIONING_SIGN_PASSWORD: 'test password',
  });
  return {
    root,
    work,
    env,
    options: { cwd: work, env },
    async assertNothingHalfDone(running = 0) {
      assert.deepEqual(unfinished(root), []);
      assert.deepEqual(readdirSync(temporary), []);
      const left = running === 0 ? await processesLeft(root) : [];
      assert.deepEqual(left, []);
    },
  };
}
