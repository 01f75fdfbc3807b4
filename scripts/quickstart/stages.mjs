import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const NAMESPACE = 'provisioning-extensions';
/** A name is unique in a namespace whatever its kind: the cluster `web` lives beside, not with, the taskserv `web`. */
const CLUSTERS = 'provisioning-clusters';
const SHIPPED = [
  ['providers/local', NAMESPACE],
  ['taskservs/os', NAMESPACE],
  ['taskservs/nushell', NAMESPACE],
  ['taskservs/postgres', NAMESPACE],
  ['taskservs/oci-reg', NAMESPACE],
  ['taskservs/web', NAMESPACE],
  ['clusters/web', CLUSTERS],
];
const REQUIREMENTS = [
  'provider/local@^0.1',
  'taskserv/os@^0.1',
  'taskserv/nushell@*',
  'taskserv/oci-reg@^0.1',
  `cluster/${CLUSTERS}/web@^0.1`,
];
const SERVER = 'app-1=os,nushell,oci-reg,cluster:web';

const uploads = ({ POST = 0, PUT = 0, PATCH = 0 } = {}) => POST + PUT + PATCH;
const fileDigest = (path) => `sha256:${createHash('sha256').update(readFileSync(path)).digest('hex')}`;
const short = (digest) => digest.slice(0, 19);

const workspaceArgs = (site, port, dir) => [
  'workspace',
  'init',
  site,
  '--name',
  'quickstart',
  '--registry',
  `quickstart=127.0.0.1:${port}/${NAMESPACE}`,
  ...REQUIREMENTS.flatMap((requirement) => ['--require', requirement]),
  '--infra',
  'dev',
  '--server',
  SERVER,
  '--trust-key',
  `${dir}/keys/quickstart.pub`,
];

/** Registry, key, signed pushes, workspace, lock, deployment, health, export; then everything of it is stopped. */
export async function nearSide({ runner, reporter, state }) {
  const { dir } = runner;
  const site = `${dir}/near/site`;
  const near = (name, args, summarise) => runner.run('near', name, args, { summarise });
  let puts = 0;

  reporter.stage('Near side: publish, resolve, deploy');
  await near(
    'start a registry',
    ['registry', 'start', '--port', String(state.nearPort), '--data', `${dir}/near/registry`],
    ({ url }) => url,
  );
  const key = await near(
    'make a signing key',
    ['key', 'generate', '--output', `${dir}/keys/quickstart`, '--if-missing'],
    ({ keyId }) => keyId,
  );
  for (const [path, namespace] of SHIPPED) {
    const pushed = await near(
      `push ${path}`,
      [
        'ext',
        'push',
        `extensions/${path}`,
        '--registry',
        `127.0.0.1:${state.nearPort}`,
        '--namespace',
        namespace,
        '--vendor-assets=host',
        '--sign',
        '--key',
        `${dir}/keys/quickstart.key`,
      ],
      (data) =>
        `${data.pushed ? 'pushed' : 'already there'} ${data.version} ${short(data.digest)}, ${uploads(data.requests)} uploads`,
    );
    puts += uploads(pushed.requests);
  }
  await near('make a workspace', workspaceArgs(site, state.nearPort, dir), ({ created }) =>
    created.length === 0 ? 'already there' : `${created.length} files`,
  );
  await runner.run('near', 'a workspace layer of its own', [], {
    shell: ['cp', '-R', 'extensions/taskservs/os', `${site}/extensions/taskservs/`],
  });
  await runner.run('near', 'an infra layer of its own', [], {
    shell: ['cp', '-R', 'extensions/taskservs/oci-reg', `${site}/infra/dev/extensions/taskservs/`],
  });
  const resolved = await near(
    'resolve, lock, verify, install',
    ['dep', 'resolve', '-w', site],
    (data) =>
      `${data.extensions.length} locked, ${data.installed.length} installed${data.resolved ? '' : ', lock kept'}`,
  );
  const deployed = await deploySide(near, site);
  const bundle = await near(
    'export to one file',
    ['mirror', 'export', '--lock', `${site}/prov.lock`, '--output', `${dir}/bundle.tar`],
    ({ size, digest }) => `${(size / 1048576).toFixed(1)} MiB ${short(digest)}`,
  );
  await near(
    'stop the services',
    ['services', 'stop', '-w', site],
    ({ stopped }) => `${stopped.length} stopped`,
  );
  await near('stop the registry', ['registry', 'stop', '--port', String(state.nearPort)]);
  return {
    puts,
    ...deployed,
    installed: resolved.installed.length,
    extensions: resolved.extensions,
    signer: resolved.extensions[0]?.signer ?? key.keyId,
    lock: fileDigest(`${site}/prov.lock`),
    bundle: { file: `${dir}/bundle.tar`, digest: bundle.digest, size: bundle.size },
  };
}

/** An empty registry, the file, the same lock; another home and no npm. */
export async function farSide({ runner, reporter, state, isolated }) {
  const { dir } = runner;
  const site = `${dir}/far/site`;
  const far = (name, args, summarise) => runner.run('far', name, args, { summarise });

  reporter.stage(`Far side: from the file alone${isolated ? ', with loopback as the only network' : ''}`);
  await far(
    'start an empty registry',
    ['registry', 'start', '--port', String(state.farPort), '--data', `${dir}/far/registry`],
    ({ url }) => url,
  );
  const imported = await far(
    'import the file',
    [
      'mirror',
      'import',
      `${dir}/bundle.tar`,
      '--to',
      `127.0.0.1:${state.farPort}`,
      '--key',
      `${dir}/keys/quickstart.pub`,
    ],
    (data) => `${data.copied} pieces, ${data.skipped} there already`,
  );
  await far('make a workspace', workspaceArgs(site, state.farPort, dir), ({ created }) =>
    created.length === 0 ? 'already there' : `${created.length} files`,
  );
  await runner.run('far', 'carry lock and own layers over', [], {
    shell: [
      'cp',
      '-R',
      `${dir}/near/site/prov.lock`,
      `${dir}/near/site/extensions`,
      `${dir}/near/site/infra`,
      `${site}/`,
    ],
  });
  const resolved = await far(
    'install with the same lock',
    ['dep', 'resolve', '--locked', '-w', site],
    (data) => `${data.extensions.length} locked, ${data.installed.length} installed`,
  );
  const deployed = await deploySide(far, site);
  const result = {
    puts: uploads(imported.requests),
    ...deployed,
    installed: resolved.installed.length,
    lock: fileDigest(`${site}/prov.lock`),
    extensions: resolved.extensions,
  };
  if (isolated) {
    await far(
      'stop the services',
      ['services', 'stop', '-w', site],
      ({ stopped }) => `${stopped.length} stopped`,
    );
    await far('stop the registry', ['registry', 'stop', '--port', String(state.farPort)]);
    reporter.result(result);
  }
  return result;
}

async function deploySide(side, site) {
  const modules = await side(
    'load the modules',
    ['module', 'list', '-w', site],
    (data) => `${data.length} modules from ${[...new Set(data.map(({ layer }) => layer))].join(', ')}`,
  );
  const deployed = await side(
    'deploy',
    ['deploy', '-w', site],
    (data) =>
      `${data.tasks.run} tasks run, ${data.tasks.unchanged} unchanged, ${data.services.length} services`,
  );
  const health = await side(
    'check health',
    ['health', '-w', site],
    (data) => `${data.checks.filter(({ healthy }) => healthy).length} of ${data.checks.length} healthy`,
  );
  return {
    modules: modules.length,
    tasks: deployed.tasks.run,
    services: deployed.services.length,
    healthy: health.checks.every(({ healthy }) => healthy),
  };
}

/** Stops what this or an interrupted earlier run started; never fails. */
export async function stopEverything({ runner }) {
  for (const side of ['near', 'far']) {
    const place = join(runner.root, runner.dir, side);
    if (existsSync(join(place, 'site', 'config', 'provisioning.yaml')))
      await runner.run(side, 'stop', ['services', 'stop', '-w', `${runner.dir}/${side}/site`], {
        quiet: true,
        allowFailure: true,
      });
    if (existsSync(join(place, 'home')))
      await runner.run(side, 'stop', ['registry', 'stop', '--all'], { quiet: true, allowFailure: true });
  }
}

/** Deletes servers that live outside the state directory (as root they do). */
export async function removeServers({ runner }) {
  for (const side of ['near', 'far']) {
    const site = `${runner.dir}/${side}/site`;
    if (existsSync(join(runner.root, site, 'prov.lock')))
      await runner.run(side, 'delete the servers', ['destroy', '--yes', '-w', site], {
        quiet: true,
        allowFailure: true,
      });
  }
}
