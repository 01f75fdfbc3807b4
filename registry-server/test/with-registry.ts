import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RegistryOptions, type RunningRegistry, startRegistry } from '../start-registry.js';
import { createRegistryClient, type RegistryClient } from './registry-client.js';

export interface Fixture {
  readonly client: RegistryClient;
  readonly registry: RunningRegistry;
  readonly dataDir: string;
}

/** Runs `body` against a registry on a free port with an empty directory, and cleans up. */
export async function withRegistry(
  body: (fixture: Fixture) => Promise<void>,
  options: Partial<RegistryOptions> = {},
): Promise<void> {
  const dataDir = options.dataDir ?? temporaryDirectory();
  const registry = await startRegistry({ port: 0, ...options, dataDir });
  const client = createRegistryClient(registry.url);
  try {
    await body({ client, registry, dataDir });
  } finally {
    client.close();
    await registry.close();
    if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
  }
}

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'prov-registry-'));
}
