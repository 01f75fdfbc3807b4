import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type ManagerContext, type PushOptions, type PushResult, pushExtension } from '#manager';
import { startRegistry } from '#registry-server';
import { parseReference, type RemoteReference } from '#schemas';
import { loadPrivateKey, type PublicKey, type Signer } from '#trust';
import { initWorkspace, openWorkspace, type Workspace } from '#workspace';
import { type SampleExtension, writeExtension } from '../support/extensions.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

export const NAMESPACE = 'team';

/** A registry in this process, a home of its own, and a folder for everything else. */
export interface Site {
  readonly folder: string;
  readonly home: string;
  /** `127.0.0.1:PORT` */
  readonly registry: string;
  readonly context: ManagerContext;
  extension(extension: SampleExtension): string;
  publish(extension: SampleExtension, options?: Partial<PushOptions>): Promise<PushResult>;
  reference(text: string): RemoteReference;
}

export async function openSite(t: TestContext, data?: string): Promise<Site> {
  const folder = temporaryDirectory(t);
  const running = await startRegistry({ dataDir: data ?? join(folder, 'data'), port: 0 });
  t.after(() => running.close());
  const registry = `127.0.0.1:${running.port}`;
  const home = join(folder, 'home');
  mkdirSync(home);
  const env = { PATH: process.env['PATH'], HOME: home, PROVISIONING_HOME: join(home, '.provisioning') };
  const context: ManagerContext = { provVersion: '0.1.0', env, cwd: folder };
  const extension = (sample: SampleExtension) => writeExtension(join(folder, 'sources'), sample);
  return {
    folder,
    home,
    registry,
    context,
    extension,
    publish: (sample, options = {}) =>
      pushExtension({ dir: extension(sample), registry, namespace: NAMESPACE, ...options }, context),
    reference: (text) => parseReference(text, { registry, namespace: NAMESPACE }) as RemoteReference,
  };
}

/** A key that was never sealed: the sealing of real ones is slow on purpose. */
export async function newKey(): Promise<{ readonly signer: Signer; readonly publicKey: PublicKey }> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const signer = await loadPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return { signer, publicKey: signer.publicKey };
}

/** A new workspace that asks for `requirements` (name → range) from the site's registry. */
export async function openShop(
  site: Site,
  requirements: Readonly<Record<string, string>>,
  options: { readonly id?: string; readonly name?: string } = {},
): Promise<Workspace> {
  const root = join(site.folder, options.name ?? 'shop');
  await initWorkspace(root, {
    name: 'shop',
    infra: 'main',
    provider: 'local',
    registry: { id: options.id ?? 'main', url: site.registry, namespace: NAMESPACE },
    requirements: Object.entries(requirements).map(([name, range]) => ({ kind: 'taskserv', name, range })),
  });
  return reopen(site, root);
}

export function reopen(site: Site, root: string): Promise<Workspace> {
  return openWorkspace(root, {
    env: site.context.env,
    homeDir: site.home,
    systemConfigDir: join(site.folder, 'no-etc'),
  });
}
