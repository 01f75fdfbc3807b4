import type { CommandSpec } from '../../command.js';
import { transportOptions } from '../transport-options.js';
import {
  dirArgument,
  keyOption,
  namespaceOption,
  refArgument,
  targetOptions,
  vendorAssetsOption,
} from './reference-options.js';

/** For those who write extensions. */
export const authorCommands: readonly CommandSpec[] = [
  {
    path: ['ext', 'validate'],
    summary: 'check an extension directory',
    args: [dirArgument],
    load: () => import('./validate.js'),
  },
  {
    path: ['ext', 'pack'],
    aliases: [
      ['ext', 'package'],
      ['oci', 'package'],
    ],
    summary: 'pack a directory into an OCI layout, reproducibly',
    args: [dirArgument],
    options: [
      {
        flags: '--output <layout>',
        summary: 'OCI layout directory to write (default: only print the digests)',
      },
      namespaceOption,
      vendorAssetsOption,
    ],
    load: () => import('./pack.js'),
  },
  {
    path: ['ext', 'push'],
    summary: 'pack a directory and push it',
    details:
      'Blobs first, then manifest and signatures, the tag last. Pushing what is there already sends nothing.',
    args: [dirArgument],
    options: [
      ...targetOptions,
      vendorAssetsOption,
      { flags: '--sign', summary: 'sign with --key' },
      keyOption,
      { flags: '--dry-run', summary: 'show what would be sent' },
      ...transportOptions,
    ],
    examples: [
      'prov ext push ./redis',
      'prov ext push ./redis --registry registry.example:5000 --namespace acme --vendor-assets --sign --key release.key',
    ],
    load: () => import('./push.js'),
  },
  {
    path: ['ext', 'sign'],
    summary: 'sign an extension that is on a registry',
    args: [refArgument],
    options: [keyOption, ...targetOptions, ...transportOptions],
    load: () => import('./sign.js'),
  },
];
