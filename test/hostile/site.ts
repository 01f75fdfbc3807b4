import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { isolatedEnvironment, type ProvResult, prov, provData } from '../support/prov.js';
import { ownRegistry } from '../support/registries.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { TOY_PROVIDER } from '../support/toy-provider.js';

/** A registry with two small signed extensions, two keys, and a way to run prov beside them. */
export interface Site {
  readonly dir: string;
  readonly host: string;
  readonly env: NodeJS.ProcessEnv;
  run(args: readonly string[]): Promise<ProvResult>;
  data<T>(args: readonly string[]): Promise<T>;
  /** A workspace that runs `tool` on a server of the provider `toy`. */
  workspace(
    name: string,
    options?: { trustKey?: string; mode?: string; namespace?: string },
  ): Promise<string>;
  push(extension: string, options: { key?: string; namespace?: string }): Promise<string>;
}

export const ASSET = 'the asset that the tool runs\n';

const TOOL = `
const request = JSON.parse(await new Response(process.stdin).text());
const { readFileSync } = await import('node:fs');
const text = request.assets.data ? readFileSync(request.assets.data.path, 'utf8') : '';
console.log(JSON.stringify({ type: 'result', changed: true, status: 'done', outputs: { text } }));
`;

export async function hostileSite(t: TestContext): Promise<Site> {
  const dir = temporaryDirectory(t);
  const env = isolatedEnvironment(join(dir, 'home'), { PROVISIONING_SIGN_PASSWORD: 'correct horse' });
  const { host } = await ownRegistry(t, dir, env);
  const run = (args: readonly string[]) => prov([...args, '--out', 'json'], { cwd: dir, env });
  const data = <T>(args: readonly string[]) => provData<T>(args, { cwd: dir, env });
  writeExtensions(dir);
  for (const key of ['good', 'other']) await data(['key', 'generate', '--output', join(dir, key)]);
  const site: Site = {
    dir,
    host,
    env,
    run,
    data,
    async workspace(name, { trustKey, mode, namespace = 'acme' } = {}) {
      const root = join(dir, name);
      const trust = trustKey === undefined ? [] : ['--trust-key', join(dir, `${trustKey}.pub`)];
      const how = mode === undefined ? [] : ['--mode', mode];
      const wanted = ['provider/toy@*', 'taskserv/tool@*'].flatMap((each) => ['--require', each]);
      const where = ['--registry', `main=${host}/${namespace}`, '--provider', 'toy', '--server', 'one=tool'];
      await data(['workspace', 'init', root, '--name', name, ...where, ...wanted, ...trust, ...how]);
      return root;
    },
    async push(extension, { key, namespace = 'acme' }) {
      const signing = key === undefined ? [] : ['--sign', '--key', join(dir, `${key}.key`)];
      const place = ['--registry', host, '--namespace', namespace, '--vendor-assets'];
      return (await data<{ digest: string }>(['ext', 'push', join(dir, extension), ...place, ...signing]))
        .digest;
    },
  };
  return site;
}

function writeExtensions(dir: string): void {
  const sha256 = createHash('sha256').update(ASSET).digest('hex');
  const files: Record<string, string> = {
    'toy/manifest.yaml': `schema: 1\nname: toy\ntype: provider\nversion: 1.0.0\ndescription: a server that is a directory\noperations: { create: scripts/p.mjs, state: scripts/p.mjs, list: scripts/p.mjs, delete: scripts/p.mjs, start: scripts/p.mjs, stop: scripts/p.mjs, exec: scripts/p.mjs, allocate_port: scripts/p.mjs }\n`,
    'toy/scripts/p.mjs': TOY_PROVIDER,
    'tool/manifest.yaml': `schema: 1\nname: tool\ntype: taskserv\nversion: 1.0.0\ndescription: reads its asset\nscripts: { install: scripts/t.mjs }\nassets:\n  - { name: data, source: "file:data.txt", sha256: ${sha256}, size: ${ASSET.length} }\n`,
    'tool/scripts/t.mjs': TOOL,
    'tool/data.txt': ASSET,
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
    if (path.endsWith('.mjs')) chmodSync(join(dir, path), 0o755);
  }
}
