import type { CommandSpec } from '../../command.js';
import { transportOptions } from '../transport-options.js';

export const mirrorCommands: readonly CommandSpec[] = [
  {
    path: ['mirror', 'export'],
    summary: 'write everything a lock names, signatures and assets included, to one file',
    options: [
      { flags: '--lock <file>', summary: 'prov.lock of a workspace' },
      { flags: '--output <file>', summary: 'file to write: a plain OCI layout tar' },
      ...transportOptions,
    ],
    examples: ['prov mirror export --lock prov.lock --output site.tar'],
    load: () => import('./export.js'),
  },
  {
    path: ['mirror', 'import'],
    summary: 'push a bundle to a registry; everything is verified before the first write',
    args: [{ name: 'file', summary: 'bundle written by prov mirror export' }],
    options: [
      { flags: '--to <host>', summary: 'registry to write to' },
      { flags: '--key <file>', summary: 'public key that must have signed every extension in it' },
      { flags: '--policy <file>', summary: 'trust policy that must accept every extension in it' },
      ...transportOptions,
    ],
    examples: ['prov mirror import site.tar --to registry.enclave:5000'],
    load: () => import('./import.js'),
  },
  {
    path: ['mirror', 'inspect'],
    summary: 'show what a bundle holds, with every digest checked',
    args: [{ name: 'file', summary: 'the bundle' }],
    examples: ['prov mirror inspect site.tar'],
    load: () => import('./inspect.js'),
  },
];
