import type { CommandSpec, OptionSpec } from '../../command.js';
import { transportOptions } from '../transport-options.js';
import { explainOption } from './explain-options.js';
import { resolutionOptionSpecs } from './resolution-flags.js';

export const workspaceOption: OptionSpec = {
  flags: '-w, --workspace <dir>',
  summary: 'workspace (default: the one around the current directory)',
};

const yes: OptionSpec = { flags: '-y, --yes', summary: 'agree to removals, downgrades and the like' };
const noInstall: OptionSpec = { flags: '--no-install', summary: 'write the lock only' };
const noResolve: OptionSpec = { flags: '--no-resolve', summary: 'edit the file only' };
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
      {
        flags: '--save',
        summary: 'write what these options say into config/provisioning.yaml, with the lock or not at all',
      },
      yes,
      noInstall,
      allowLocal,
      dryRun,
      explainOption,
      ...transportOptions,
    ],
    examples: [
      'prov dep resolve',
      'prov dep resolve --locked',
      'prov dep resolve --dry-run --min-age 72h',
      'prov dep resolve --override redis=7.2.1 --save',
    ],
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
    summary: 'require an extension, resolve and install',
    details: 'All or nothing: the file is edited only when there is a solution.',
    args: [
      { name: 'kind', summary: 'provider, taskserv, cluster, workflow or template; or KIND/NAME@RANGE' },
      { name: 'name', summary: 'NAME or NAME@RANGE', optional: true },
    ],
    options: [
      workspaceOption,
      { flags: '--as <name>', summary: 'the name it gets in the workspace: two versions side by side' },
      noResolve,
      offline,
      ...resolutionOptionSpecs,
      yes,
      noInstall,
      allowLocal,
      dryRun,
      explainOption,
    ],
    examples: [
      'prov dep add taskserv redis@^7',
      'prov dep add taskserv/redis@^7',
      'prov dep add taskserv redis@^6 --as redis6',
    ],
    load: () => import('./add.js'),
  },
  {
    path: ['dep', 'remove'],
    aliases: [['remove']],
    summary: 'no longer require an extension, and resolve',
    args: [
      { name: 'kind', summary: 'kind of the extension; or KIND/NAME; or NAME alone' },
      { name: 'name', summary: 'its name', optional: true },
    ],
    options: [workspaceOption, noResolve, offline, yes, noInstall, allowLocal, dryRun, explainOption],
    examples: ['prov dep remove taskserv redis'],
    load: () => import('./remove.js'),
  },
  {
    path: ['dep', 'tree'],
    aliases: [['tree']],
    summary: 'show the locked extensions and who needs them',
    args: [{ name: 'name', summary: 'start at this extension', optional: true }],
    options: [
      workspaceOption,
      { flags: '--invert', summary: 'show who needs an extension instead of what it needs' },
      { flags: '--depth <n>', summary: 'levels below the first' },
    ],
    examples: ['prov dep tree', 'prov dep tree --invert os'],
    load: () => import('./tree.js'),
  },
  {
    path: ['dep', 'validate'],
    summary: 'check that the dependencies can be met and run in some order',
    options: [workspaceOption, offline],
    examples: ['prov dep validate'],
    load: () => import('./validate.js'),
  },
  {
    path: ['dep', 'audit'],
    aliases: [['audit']],
    summary: 'what is known against locked extensions: yanked, revoked, deprecated, unsigned, licences',
    options: [
      workspaceOption,
      {
        flags: '--allow-license <id>',
        summary: 'only these SPDX licences; may be repeated',
        repeatable: true,
      },
      { flags: '--deny-license <id>', summary: 'not these SPDX licences; may be repeated', repeatable: true },
      { flags: '--exit-code', summary: 'end with 12 when there is a finding' },
      offline,
    ],
    examples: ['prov dep audit', 'prov dep audit --deny-license GPL-3.0-only --exit-code'],
    load: () => import('./audit.js'),
  },
  {
    path: ['dep', 'licenses'],
    aliases: [['licenses']],
    summary: 'licences of the locked extensions',
    options: [workspaceOption, offline],
    examples: ['prov dep licenses'],
    load: () => import('./licenses.js'),
  },
  {
    path: ['dep', 'sbom'],
    aliases: [['sbom']],
    summary: 'bill of materials of what is locked: CycloneDX or SPDX, as JSON',
    options: [
      workspaceOption,
      { flags: '--type <format>', summary: 'which one (default: cyclonedx)', choices: ['cyclonedx', 'spdx'] },
      { flags: '-o, --output <file>', summary: 'write it there' },
      offline,
    ],
    examples: ['prov dep sbom --output sbom.cdx.json', 'prov dep sbom --type spdx'],
    load: () => import('./sbom.js'),
  },
  {
    path: ['dep', 'diff'],
    aliases: [['diff']],
    summary: 'what changes from one lock to another',
    args: [
      { name: 'from', summary: 'a lock, or a commit, branch or tag of git (default: HEAD)', optional: true },
      { name: 'to', summary: 'the same (default: prov.lock as it is)', optional: true },
    ],
    options: [workspaceOption, { flags: '--exit-code', summary: 'end with 12 when there is a difference' }],
    examples: ['prov dep diff', 'prov dep diff main', 'prov dep diff old.lock new.lock --exit-code'],
    load: () => import('./diff.js'),
  },
  {
    path: ['dep', 'fetch'],
    aliases: [['fetch']],
    summary: 'bring everything that the lock names onto this machine, without installing it',
    options: [
      workspaceOption,
      { flags: '--all-platforms', summary: 'assets of every platform, not only of this machine' },
    ],
    examples: ['prov dep fetch', 'prov dep fetch --all-platforms'],
    load: () => import('./fetch.js'),
  },
  {
    path: ['dep', 'lock', 'merge'],
    aliases: [['lock', 'merge']],
    summary: 'merge two versions of prov.lock',
    details:
      'Without files, the lock with the conflict markers that git left in it. With files, a merge driver for git.\nThe result is held against the requirements and resolved again where that is needed.',
    args: [
      { name: 'base', summary: 'the common ancestor', optional: true },
      { name: 'ours', summary: 'our version; the result is written there', optional: true },
      { name: 'theirs', summary: 'their version', optional: true },
    ],
    options: [
      workspaceOption,
      { flags: '-o, --output <file>', summary: 'write the result there instead' },
      offline,
      allowLocal,
    ],
    examples: ['prov lock merge', 'prov lock merge base.lock ours.lock theirs.lock'],
    load: () => import('./lock-merge.js'),
  },
  {
    path: ['dep', 'lock', 'check'],
    aliases: [['lock', 'check']],
    summary: 'check prov.lock and what was installed from it, without a network',
    options: [workspaceOption],
    examples: ['prov dep lock check'],
    load: () => import('./lock-check.js'),
  },
];
