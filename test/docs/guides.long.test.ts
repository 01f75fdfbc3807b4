import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startRegistry } from '#registry-server';
import { initWorkspace } from '#workspace';
import { openShop, openSite, type Site } from '../manager/site.js';
import { writeExtension } from '../support/extensions.js';
import { isolatedEnvironment } from '../support/prov.js';
import { followDocument, pathWithProv } from './follow-document.js';
import { openShell, type Shell } from './shell.js';
import { guideSteps } from './tutorial-steps.js';

/** A shell in `cwd` that finds the built program. */
function shellOf(t: TestContext, site: Site, cwd: string): Shell {
  const env = isolatedEnvironment(site.home, {
    PATH: pathWithProv(site.folder),
    PROVISIONING_SIGN_PASSWORD: 'test password',
  });
  const shell = openShell(cwd, env);
  t.after(() => shell.close());
  return shell;
}

test('every command of the guide to dependencies does what the guide says', async (t) => {
  const site = await openSite(t);
  const publish = (name: string, version: string, dependencies: object = {}) =>
    site.publish({ name, version, manifest: { license: 'MIT', dependencies } });
  for (const version of ['1.0.0', '1.2.0']) await publish('os', version);
  for (const version of ['7.2.0', '7.2.1']) await publish('redis', version);
  await publish('web', '1.0.0', { os: '^1' });
  const { root } = await openShop(site, { web: '^1' });
  const shell = shellOf(t, site, root);
  const git = 'git -c user.name=t -c user.email=t@example.org';
  const begun = await shell.run(
    `prov dep resolve && git init -q -b main && git add . && ${git} commit -qm first`,
  );
  assert.equal(begun.code, 0, begun.output);
  const steps = (markdown: string) => guideSteps(markdown, 'tables');
  const count = await followDocument({ document: 'docs/dependencies-guide.md', shell, steps });
  t.diagnostic(`${count} commands`);
  assert.ok(count >= 20, String(count));
});

test('every command of the guide to publishing does what the guide says', async (t) => {
  const site = await openSite(t);
  const work = await workspaceWithRedis(site);
  const shell = shellOf(t, site, work);
  const count = await followDocument({
    document: 'docs/publishing.md',
    shell,
    steps: (markdown) => guideSteps(markdown, 'tables'),
    hosts: { 'registry.example:5000': site.registry },
  });
  t.diagnostic(`${count} commands`);
  assert.ok(count >= 15, String(count));
});

test('every command of the guide to extensions works in the order of the guide', async (t) => {
  const site = await openSite(t);
  const far = await startRegistry({ dataDir: join(site.folder, 'far'), port: 0 });
  t.after(() => far.close());
  const work = await workspaceWithRedis(site);
  writeFileSync(join(work, 'sbom.spdx.json'), '{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT"}\n');
  await site.publish({ name: 'redis', version: '7.2.0' }, { namespace: 'test' });
  await site.publish({ name: 'postgres', version: '15.0.0' }, { namespace: 'acme' });
  await pushReport(`127.0.0.1:${far.port}`);
  const count = await followDocument({
    document: 'docs/extensions-guide.md',
    shell: shellOf(t, site, work),
    steps: (markdown) => guideSteps(markdown, 'all'),
    hosts: {
      'localhost:5000': site.registry,
      'registry.enclave:5000': `127.0.0.1:${far.port}`,
      'registry.example': `127.0.0.1:${far.port}`,
    },
  });
  t.diagnostic(`${count} commands`);
  assert.ok(count >= 15, String(count));
});

/** A workspace, so that short references are completed, with `./redis`, an extension of version 7.2.0. */
async function workspaceWithRedis(site: Site): Promise<string> {
  const work = join(site.folder, 'work');
  await initWorkspace(work, {
    name: 'work',
    infra: 'main',
    provider: 'local',
    registry: { id: 'main', url: site.registry, namespace: 'acme' },
    requirements: [],
  });
  const dir = writeExtension(join(work, '..', 'made'), {
    name: 'redis',
    version: '7.2.0',
    files: { 'README.md': '# redis\n' },
  });
  mkdirSync(join(work, 'redis'));
  for (const name of ['manifest.yaml', 'README.md'])
    writeFileSync(join(work, 'redis', name), readFileSync(join(dir, name)));
  return work;
}

/** `team/report:1`, an artifact with one file that no prov made. */
async function pushReport(host: string): Promise<void> {
  const blob = async (text: string) => {
    const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
    const begun = await fetch(`http://${host}/v2/team/report/blobs/uploads/`, { method: 'POST' });
    const at = new URL(begun.headers.get('location')!, `http://${host}`);
    at.searchParams.set('digest', digest);
    const { status } = await fetch(at, { method: 'PUT', body: text });
    assert.equal(status, 201);
    return { digest, size: text.length };
  };
  const file = { ...(await blob('all is well\n')), mediaType: 'text/plain' };
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = {
    schemaVersion: 2,
    mediaType,
    artifactType: 'application/vnd.team.report',
    config: { ...(await blob('{}')), mediaType: 'application/vnd.oci.empty.v1+json' },
    layers: [{ ...file, annotations: { 'org.opencontainers.image.title': 'report.txt' } }],
  };
  const { status } = await fetch(`http://${host}/v2/team/report/manifests/1`, {
    method: 'PUT',
    headers: { 'content-type': mediaType },
    body: JSON.stringify(manifest),
  });
  assert.equal(status, 201);
}
