import { baseErrors } from './catalogue/base.js';
import { cliErrors } from './catalogue/cli.js';
import { dbErrors } from './catalogue/db.js';
import { managerErrors } from './catalogue/manager.js';
import { mirrorErrors } from './catalogue/mirror.js';
import { ociErrors } from './catalogue/oci.js';
import { registryErrors } from './catalogue/registry.js';
import { resolverErrors } from './catalogue/resolver.js';
import { runtimeErrors } from './catalogue/runtime.js';
import { schemasErrors } from './catalogue/schemas.js';
import { trustErrors } from './catalogue/trust.js';
import { workspaceErrors } from './catalogue/workspace.js';
import type { ErrorCode } from './catalogue.js';
import type { CatalogueEntry } from './entry.js';

type Entries = Readonly<Record<string, CatalogueEntry>>;

/** By room, each on use: an error that is expected, such as an answer 404, needs the entries of its own room only. */
const rooms: Readonly<Record<string, () => Entries>> = {
  BASE: () => baseErrors,
  DB: () => dbErrors,
  SCHEMAS: () => schemasErrors,
  OCI: () => ociErrors,
  TRUST: () => trustErrors,
  RESOLVER: () => resolverErrors,
  WORKSPACE: () => workspaceErrors,
  MIRROR: () => mirrorErrors,
  MANAGER: () => managerErrors,
  RUNTIME: () => runtimeErrors,
  REGISTRY: () => registryErrors,
  CLI: () => cliErrors,
};

export function findEntry(code: ErrorCode): CatalogueEntry {
  return rooms[code.slice(0, code.indexOf('_'))]!()[code]!;
}
