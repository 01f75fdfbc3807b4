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

/** Every error code of the product, by room. Append-only: a code never changes its meaning. */
export const catalogue = {
  ...baseErrors,
  ...dbErrors,
  ...schemasErrors,
  ...ociErrors,
  ...trustErrors,
  ...resolverErrors,
  ...workspaceErrors,
  ...mirrorErrors,
  ...managerErrors,
  ...runtimeErrors,
  ...registryErrors,
  ...cliErrors,
};

export type ErrorCode = keyof typeof catalogue;
