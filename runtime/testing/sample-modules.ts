import type { ExtensionManifest, Kind } from '#schemas';
import type { DeploymentInput, DeploymentModule } from '../plan/deployment-input.js';

/** A loaded extension for tests; `parts` are members of its manifest. */
export function sampleModule(
  kind: Kind,
  name: string,
  parts: Partial<ExtensionManifest> = {},
): DeploymentModule {
  const version = parts.version ?? '1.0.0';
  const manifest: ExtensionManifest = { schema: 1, name, type: kind, version, description: name, ...parts };
  return {
    kind,
    name,
    version,
    dir: `/none/${kind}/${name}`,
    digest: `sha256:${kind}-${name}-${version}`,
    manifest,
    config: {},
    assets: {},
  };
}

/** postgres, a web that waits for its health, a shared base, the cluster of both, on one local server. */
export function sampleInput(): DeploymentInput {
  return {
    workspace: { name: 'shop', root: '/none/shop' },
    infra: { name: 'dev', servers: [{ name: 'one', provider: 'local', clusters: [{ name: 'web' }] }] },
    modules: [
      sampleModule('provider', 'local'),
      sampleModule('taskserv', 'os'),
      sampleModule('taskserv', 'postgres', {
        dependencies: { os: { version: '>=1.0.0' } },
        provides: { database: { version: '16.0.0' } },
        permissions: { network: ['listen:db'] },
        health: { check: 'tcp', port: 'db', interval_seconds: 1, timeout_seconds: 10, retries: 30 },
      }),
      sampleModule('taskserv', 'web', {
        dependencies: { database: { version: '>=15.0.0', wait_for_health: true } },
        permissions: { network: ['listen:http'] },
        health: {
          check: 'http',
          port: 'http',
          path: '/',
          interval_seconds: 1,
          timeout_seconds: 10,
          retries: 30,
        },
      }),
      sampleModule('cluster', 'web', {
        dependencies: { web: { version: '^1.0.0', kind: 'taskserv' }, postgres: { version: '^1.0.0' } },
        components: [{ name: 'web' }, { name: 'postgres', config: { max_connections: 20 } }],
      }),
    ],
  };
}
