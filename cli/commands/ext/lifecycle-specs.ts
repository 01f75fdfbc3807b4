import type { CommandSpec } from '../../command.js';
import { transportOptions } from '../transport-options.js';
import { dirArgument, keyOption, targetOptions, vendorAssetsOption } from './reference-options.js';

/** What a version goes through on a registry. */
export const lifecycleCommands: readonly CommandSpec[] = [
  {
    path: ['ext', 'publish'],
    summary: 'validate, pack, sign, push and check what landed',
    args: [dirArgument],
    options: [
      ...targetOptions,
      vendorAssetsOption,
      keyOption,
      { flags: '--no-sign', summary: 'publish without a signature' },
      { flags: '--dry-run', summary: 'show what would be sent' },
      ...transportOptions,
    ],
    load: () => import('./publish.js'),
  },
  {
    path: ['ext', 'tags'],
    summary: 'list the tags of an extension',
    args: [{ name: 'name', summary: 'name or repository' }],
    options: [...targetOptions, ...transportOptions],
    load: () => import('./tags.js'),
  },
];
