import type { CommandSpec } from '../../command.js';
import { transportOptions } from '../transport-options.js';
import { dirArgument, keyOption, targetOptions, vendorAssetsOption } from './reference-options.js';

/** What a version goes through on a registry. */
export const lifecycleCommands: readonly CommandSpec[] = [
  {
    path: ['ext', 'publish'],
    summary: 'validate, test, pack, sign, push, index and check what landed',
    details:
      "Runs the extension's own tests (tests/*.sh, .mjs, .py, .nu) in a copy of the directory first. Nobody sees the version before it is complete; running it again after a failure goes on where it stopped.",
    args: [
      dirArgument,
      { name: 'name', summary: 'name it must have', optional: true },
      { name: 'version', summary: 'version it must have', optional: true },
    ],
    options: [
      ...targetOptions,
      vendorAssetsOption,
      keyOption,
      { flags: '--no-sign', summary: 'publish without a signature' },
      {
        flags: '--tag <tag>',
        summary: 'also set this tag, for example stable; it may move',
        repeatable: true,
      },
      { flags: '--no-test', summary: "do not run the extension's own tests" },
      { flags: '--dry-run', summary: 'show every request and byte that would be sent' },
      ...transportOptions,
    ],
    examples: [
      'prov ext publish ./redis --key release.key',
      'prov ext publish ./redis --key release.key --tag stable --dry-run',
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
