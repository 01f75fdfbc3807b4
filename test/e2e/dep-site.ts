import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setStatus } from '#manager';
import type { LifecycleState, RemoteReference } from '#schemas';
import { NAMESPACE, newKey, openShop, openSite, type Site } from '../manager/site.js';
import { cliPath } from '../support/project.js';
import { isolatedEnvironment, type ProvOptions, type ProvResult, prov } from '../support/prov.js';

/** A registry in this process and a workspace on it; commands are those of the built program. */
export interface DepSite {
  readonly site: Site;
  readonly root: string;
  readonly options: ProvOptions;
  readonly settings: string;
  readonly lockFile: string;
  /** Runs `prov dep …` in the workspace. */
  dep(args: string, more?: ProvOptions): Promise<ProvResult>;
  /** The same as text and as JSON, both successful: what people and what programs see. */
  both<T>(args: string, exit?: number): Promise<{ readonly text: string; readonly data: T }>;
  lock(): string;
  /** Replaces text in `config/provisioning.yaml`. */
  edit(from: string | RegExp, to: string): void;
  setState(reference: string, state: LifecycleState): Promise<void>;
}

const LINUX = { os: '^1' };

/** os ← redis ← web, in versions that go together and one that does not; two that need each other. */
export async function openDepSite(
  t: TestContext,
  requirements: Readonly<Record<string, string>> = { web: '^1' },
): Promise<DepSite> {
  const site = await openSite(t);
  const key = await newKey();
  const publish = (name: string, version: string, manifest: Record<string, unknown> = {}) =>
    site.publish({ name, version, manifest }, { signer: key.signer });
  for (const version of ['1.0.0', '1.1.0', '2.0.0']) await publish('os', version, { license: 'Apache-2.0' });
  await publish('redis', '7.0.0', { license: 'MIT', dependencies: LINUX });
  await publish('redis', '7.1.0', { license: 'MIT', dependencies: LINUX });
  await publish('redis', '8.0.0', { license: 'GPL-3.0-only', dependencies: { os: '^2' } });
  await site.publish({ name: 'web', manifest: { dependencies: { redis: '^7', os: '^1' } } });
  const { root, lockFile } = await openShop(site, requirements);
  const options = { cwd: root, env: isolatedEnvironment(site.home) };
  const settings = join(root, 'config/provisioning.yaml');
  const dep = (args: string, more: ProvOptions = {}) =>
    prov(['dep', ...args.split(' ')], { ...options, ...more });
  return {
    site,
    root,
    options,
    settings,
    lockFile,
    dep,
    async both<T>(args: string, exit = 0) {
      const text = await dep(args);
      const json = await dep(`${args} --out json`);
      for (const { code, stdout, stderr } of [text, json])
        if (code !== exit) throw new Error(`prov dep ${args} ended with ${code}\n${stdout}\n${stderr}`);
      return { text: text.stdout, data: json.json.data as T };
    },
    lock: () => readFileSync(lockFile, 'utf8'),
    edit: (from, to) => writeFileSync(settings, readFileSync(settings, 'utf8').replace(from, to)),
    async setState(reference, state) {
      const target = site.reference(reference) as RemoteReference;
      await setStatus(
        { reference: target, state, reason: `it is ${state}`, signer: key.signer },
        site.context,
      );
    },
  };
}

/** The repository of an extension of the site. */
export function repositoryOf(name: string): string {
  return `${NAMESPACE}/${name}`;
}

/** Forgets what this machine has kept and installed, but not the lock. */
export function forget({ site, root }: DepSite): void {
  rmSync(join(site.home, '.provisioning'), { recursive: true, force: true });
  rmSync(join(root, '.cache'), { recursive: true, force: true });
}

/** Whether a terminal can be had for a command, by `script` of util-linux. */
export const hasTerminal = process.platform === 'linux' && existsSync('/usr/bin/script');

/** Runs a command on a terminal of its own and types `answer` once it asks. */
export async function onTerminal(
  args: string,
  { answer, options }: { readonly answer: string; readonly options: ProvOptions },
): Promise<{ readonly code: number; readonly screen: string }> {
  const command = `"${process.execPath}" "${cliPath}" dep ${args}`;
  const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: options.cwd, env: options.env });
  let screen = '';
  let answered = false;
  const read = (chunk: Buffer) => {
    screen += chunk.toString();
    if (answered || !screen.includes('[y/N]')) return;
    answered = true;
    child.stdin.write(`${answer}\n`);
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  const timer = setTimeout(() => child.kill('SIGKILL'), 120_000);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  return { code: code ?? -1, screen: screen.replace(/\x1b\[[0-9;]*[A-Za-z]/g, '') };
}
