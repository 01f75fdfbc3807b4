import type { CommandSpec } from '../../command.js';
import { transportOptions } from '../transport-options.js';
import { refArgument, targetOptions } from './reference-options.js';

/** Moving what is packed from one place to another. */
export const transferCommands: readonly CommandSpec[] = [
  {
    path: ['ext', 'copy'],
    summary: 'copy an extension with its signatures to another registry or layout',
    args: [refArgument, { name: 'to', summary: 'reference to write' }],
    options: [...targetOptions, ...transportOptions],
    load: () => import('./copy.js'),
  },
];
