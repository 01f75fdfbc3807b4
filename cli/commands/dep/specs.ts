import type { CommandSpec, OptionSpec } from '../../command.js';

export const workspaceOption: OptionSpec = {
  flags: '-w, --workspace <dir>',
  summary: 'workspace (default: the one around the current directory)',
};

const resolveOptions: readonly OptionSpec[] = [
  workspaceOption,
  { flags: '--locked', summary: 'fail when the lock does not fit the requirements; the default in CI' },
  { flags: '--update', summary: 'look for newer versions instead of keeping the locked ones' },
  { flags: '--no-install', summary: 'write the lock only' },
  { flags: '--allow-local', summary: 'accept a loopback registry without an id' },
  { flags: '--dry-run', summary: 'show the plan and change nothing' },
];

export const depCommands: readonly CommandSpec[] = [
  {
    path: ['dep', 'resolve'],
    aliases: [['resolve']],
    summary: 'choose versions, write prov.lock, fetch, verify and install',
    options: resolveOptions,
    examples: ['prov dep resolve', 'prov dep resolve --locked'],
    load: () => import('./resolve.js'),
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
