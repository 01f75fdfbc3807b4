import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../test/support/programs.js';
import { isolatedEnvironment } from '../test/support/prov.js';
import { dockerRegistry, ownRegistry, type RunningRegistry } from '../test/support/registries.js';

/** Says it to whoever asks; not a secret of anyone. */
export const KEY_PASSWORD = 'bench';

/** Where a run of the benchmark happens: a directory of its own, a home of its own, and registries in it. */
export interface Site {
  /** True for the short run: less work, same rows. */
  readonly quick: boolean;
  readonly env: NodeJS.ProcessEnv;
  path(...parts: string[]): string;
  /** A new empty directory. */
  folder(name: string): string;
  /** Our registry, started on first use as its users start it. */
  ownRegistry(): Promise<RunningRegistry>;
  /** Debian's docker-registry. Throws when it is missing: ask `findProgram` first. */
  dockerRegistry(): Promise<RunningRegistry>;
  onClose(action: () => Promise<void> | void): void;
  /** Stops every process and removes the directory. Safe to call twice. */
  close(): Promise<void>;
}

export function openSite(quick: boolean): Site {
  const root = mkdtempSync(join(realpathSync(tmpdir()), 'prov-bench-'));
  const temporary = join(root, 'tmp');
  mkdirSync(temporary);
  const env = isolatedEnvironment(root, {
    TMPDIR: temporary,
    XDG_RUNTIME_DIR: root,
    PROVISIONING_SIGN_PASSWORD: KEY_PASSWORD,
  });
  const actions: (() => Promise<void> | void)[] = [];
  const onClose = (action: () => Promise<void> | void) => void actions.push(action);
  const registering = { after: onClose as (action: unknown) => void };
  let own: Promise<RunningRegistry> | undefined;
  let docker: Promise<RunningRegistry> | undefined;
  let folders = 0;
  return {
    quick,
    env,
    path: (...parts) => join(root, ...parts),
    folder(name) {
      const path = join(root, `${name}-${folders++}`);
      mkdirSync(path, { recursive: true });
      return path;
    },
    ownRegistry() {
      own ??= ownRegistry(registering, root, env);
      return own;
    },
    dockerRegistry() {
      docker ??= dockerRegistry(registering, root, findProgram('docker-registry')!);
      return docker;
    },
    onClose,
    async close() {
      for (const action of actions.splice(0).reverse()) await action();
      rmSync(root, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
