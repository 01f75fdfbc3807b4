import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { type OpenOptions, openWorkspace, type Workspace } from '../index.js';

/** A temporary directory that is gone after the test. */
export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'prov-workspace-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Writes files under a directory: relative path → text. */
export function writeFiles(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
}

export const PROVISIONING = `schema: 1
workspace: { name: shop }
`;

/** A place for a workspace (`root`), a home and a system directory, that nothing else reads. */
export interface Sample {
  readonly root: string;
  readonly homeDir: string;
  readonly systemConfigDir: string;
  open(options?: OpenOptions): Promise<Workspace>;
}

/** Paths starting with `~/` go to the home, with `/etc/` to the system directory, others to the workspace. */
export function sampleWorkspace(t: TestContext, files: Readonly<Record<string, string>> = {}): Sample {
  const base = temporaryDirectory(t);
  const sample = {
    root: join(base, 'shop'),
    homeDir: join(base, 'home'),
    systemConfigDir: join(base, 'etc'),
  };
  writeFiles(sample.root, { 'config/provisioning.yaml': PROVISIONING });
  for (const [path, text] of Object.entries(files)) {
    if (path.startsWith('~/')) writeFiles(sample.homeDir, { [path.slice(2)]: text });
    else if (path.startsWith('/etc/')) writeFiles(sample.systemConfigDir, { [path.slice(5)]: text });
    else writeFiles(sample.root, { [path]: text });
  }
  const { root, homeDir, systemConfigDir } = sample;
  return {
    ...sample,
    open: (options = {}) => openWorkspace(root, { env: {}, homeDir, systemConfigDir, ...options }),
  };
}
