import type { CommandSpec } from '../../command.js';
import { transportOptions } from '../transport-options.js';
import { keyOption, refArgument, targetOptions } from './reference-options.js';

/** For those who use what others published. */
export const readerCommands: readonly CommandSpec[] = [
  {
    path: ['ext', 'pull'],
    summary: 'fetch an extension into a directory, verified first',
    args: [refArgument],
    options: [
      { flags: '--destination <dir>', summary: 'directory to write (default: ./NAME)' },
      { ...keyOption, summary: 'public key that must have signed it' },
      { flags: '--dry-run', summary: 'show what would be fetched' },
      ...targetOptions,
      ...transportOptions,
    ],
    load: () => import('./pull.js'),
  },
  {
    path: ['ext', 'inspect'],
    summary: 'show what a reference holds',
    args: [refArgument],
    options: [...targetOptions, ...transportOptions],
    load: () => import('./inspect.js'),
  },
  {
    path: ['ext', 'verify'],
    summary: 'check the signatures of an extension',
    args: [refArgument],
    options: [
      { ...keyOption, summary: "public key (default: the workspace's trust policy)" },
      { flags: '--policy <file>', summary: 'trust policy file' },
      ...targetOptions,
      ...transportOptions,
    ],
    load: () => import('./verify.js'),
  },
  {
    path: ['ext', 'discover'],
    summary: 'show signatures and other artifacts attached to an extension',
    args: [refArgument],
    options: [
      { flags: '--artifact-type <type>', summary: 'only this type' },
      ...targetOptions,
      ...transportOptions,
    ],
    load: () => import('./discover.js'),
  },
];
