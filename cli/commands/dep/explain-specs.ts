import type { CommandSpec, OptionSpec } from '../../command.js';
import { transportOptions } from '../transport-options.js';
import { explainOption } from './explain-options.js';
import { resolutionOptionSpecs } from './resolution-flags.js';
import { workspaceOption } from './specs.js';

const offline: OptionSpec = {
  flags: '--offline',
  summary: 'open no connection: only what this machine has kept',
};
const exitCode: OptionSpec = { flags: '--exit-code', summary: 'end with 12 when there is something' };
const asking = [workspaceOption, offline, ...resolutionOptionSpecs] as const;

export const explainCommands: readonly CommandSpec[] = [
  {
    path: ['dep', 'why'],
    aliases: [['why']],
    summary: 'show who requires a locked extension, and where that is written',
    details: 'Reads the lock and the configuration only.',
    args: [{ name: 'name', summary: 'NAME, KIND/NAME or NAMESPACE/NAME' }],
    options: [workspaceOption],
    examples: ['prov dep why redis', 'prov why taskserv/redis'],
    load: () => import('./why.js'),
  },
  {
    path: ['dep', 'why-not'],
    aliases: [['why-not']],
    summary: 'show what speaks against a version, or what else it would change',
    details: 'Asks for exactly that version beside all requirements. Nothing is written.',
    args: [{ name: 'name@version', summary: 'for example redis@7.2.4 or taskserv/redis@7.2.4' }],
    options: [...asking, explainOption, ...transportOptions],
    examples: ['prov dep why-not redis@7.2.4', 'prov why-not redis@7.2.4 --explain tree'],
    load: () => import('./why-not.js'),
  },
  {
    path: ['dep', 'outdated'],
    aliases: [['outdated']],
    summary: 'show how far each locked extension could go, and why no further',
    details:
      'upgradable: by prov dep update alone. resolvable: with other ranges in the workspace. latest: the newest there is.',
    args: [{ name: 'name', summary: 'NAME or KIND/NAME', optional: true, variadic: true }],
    options: [...asking, exitCode, ...transportOptions],
    examples: ['prov dep outdated', 'prov outdated redis --exit-code'],
    load: () => import('./outdated.js'),
  },
  {
    path: ['dep', 'check-updates'],
    aliases: [['check-updates']],
    summary: 'list what prov dep update would move, a line each',
    options: [...asking, exitCode, ...transportOptions],
    examples: ['prov dep check-updates --exit-code'],
    load: () => import('./check-updates.js'),
  },
];
