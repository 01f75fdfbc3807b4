import type { CommandSpec, OptionSpec } from '../../command.js';
import { transportOptions } from '../transport-options.js';
import { explainOption } from './explain-form.js';
import { resolutionOptionSpecs } from './resolution-flags.js';

export const workspaceOption: OptionSpec = {
  flags: '-w, --workspace <dir>',
  summary: 'workspace (default: the one around the current directory)',
};

const yes: OptionSpec = { flags: '-y, --yes', summary: 'agree to removals, downgrades and the like' };
const noInstall: OptionSpec = { flags: '--no-install', summary: 'write the lock only' };
const allowLocal: OptionSpec = {
  flags: '--allow-local',
  summary: 'accept a loopback registry without an id',
};
const offline: OptionSpec = {
  flags: '--offline',
  summary: 'open no connection: only what this machine has kept',
};
const dryRun: OptionSpec = { flags: '--dry-run', summary: 'show the plan and change nothing' };

export const depCommands: readonly CommandSpec[] = [
  {
    path: ['dep', 'resolve'],
    aliases: [['resolve']],
    summary: 'choose versions, write prov.lock, fetch, verify and install',
    details:
      'A lock that still fits is kept. On a terminal, removals, downgrades, major changes and new signers are\nshown and asked about first. Where CI=true, --locked is the default as soon as there is a lock.',
    options: [
      workspaceOption,
      { flags: '--locked', summary: 'fail when the lock does not fit the requirements' },
      { flags: '--no-locked', summary: 'renew the lock in CI too' },
      { flags: '--frozen', summary: 'install what the lock says, without a look at the requirements' },
      { flags: '--update', summary: 'look for newer versions instead of keeping the locked ones' },
      offline,
      ...resolutionOptionSpecs,
      yes,
      noInstall,
      allowLocal,
      dryRun,
      explainOption,
      ...transportOptions,
    ],
    examples: ['prov dep resolve', 'prov dep resolve --locked', 'prov dep resolve --dry-run --min-age 72h'],
    load: () => import('./resolve.js'),
  },
  {
    path: ['dep', 'update'],
    aliases: [['update']],
    summary: 'move to newer versions: everything, or only what is named',
    details:
      'With names, nothing else moves unless there is no solution in which it stays; the plan says why.\nRequirements are not edited: what they do not allow is not chosen.',
    args: [
      { name: 'name', summary: 'NAME or KIND/NAME of locked extensions', optional: true, variadic: true },
    ],
    options: [
      workspaceOption,
      { flags: '--to <version>', summary: 'exactly this version of the one extension named' },
      { flags: '--plan', summary: 'show the plan and change nothing' },
      offline,
      ...resolutionOptionSpecs,
      yes,
      noInstall,
      allowLocal,
      { ...dryRun, summary: 'same as --plan' },
      explainOption,
      ...transportOptions,
    ],
    examples: ['prov dep update', 'prov dep update redis', 'prov dep update redis --to 7.2.1 --plan'],
    load: () => import('./update.js'),
  },
  {
    path: ['dep', 'add'],
    aliases: [['add']],
    summary: 'require an extension',
    args: [
      { name: 'kind', summary: 'provider, taskserv, cluster, workflow or template; or KIND/NAME@RANGE' },
      { name: 'name', summary: 'NAME or NAME@RANGE', optional: true },
    ],
    options: [workspaceOption],
    examples: ['prov dep add taskserv redis@^7', 'prov dep add taskserv/redis@^7'],
    load: () => import('./add.js'),
  },
  {
    path: ['dep', 'remove'],
    aliases: [['remove']],
    summary: 'no longer require an extension',
    args: [
      { name: 'kind', summary: 'kind of the extension; or KIND/NAME' },
      { name: 'name', summary: 'its name', optional: true },
    ],
    options: [workspaceOption],
    examples: ['prov dep remove taskserv redis'],
    load: () => import('./remove.js'),
  },
  {
    path: ['dep', 'tree'],
    aliases: [['tree']],
    summary: 'show the locked extensions and who needs them',
    options: [workspaceOption],
    load: () => import('./tree.js'),
  },
];
