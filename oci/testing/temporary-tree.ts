import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';

/** A directory that is removed when the test ends. */
export function temporaryDirectory(test: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'prov-oci-test-'));
  test.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export type Tree = Readonly<Record<string, string | Uint8Array>>;

/** Writes files by relative path, in the order given. */
export function writeTree(directory: string, tree: Tree): string {
  for (const [path, content] of Object.entries(tree)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  return directory;
}

export const REDIS_TREE: Tree = {
  'manifest.yaml': `schema: 1
name: redis
type: taskserv
version: 7.2.1
description: An in-memory store
license: Apache-2.0
dependencies:
  os: ">=1.0.0,<2.0.0"
scripts:
  install: scripts/install.sh
configuration:
  schema: schema/config.schema.json
  defaults: config.defaults.yaml
`,
  'schema/config.schema.json': JSON.stringify({
    type: 'object',
    properties: { port: { type: 'integer', minimum: 1 }, password: { type: 'string' } },
    required: ['password'],
    additionalProperties: false,
  }),
  'config.defaults.yaml': 'port: 6379\n',
  'scripts/install.sh': '#!/bin/sh\necho "{}"\n',
  'docs/README.md': '# redis\n',
};
