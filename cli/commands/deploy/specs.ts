import type { CommandSpec, OptionSpec } from '../../command.js';
import { workspaceOption } from '../dep/specs.js';
import { transportOptionsWithout } from '../transport-options.js';

const infra: OptionSpec = { flags: '--infra <name>', summary: 'infra (default: the only one)' };

export const deployCommands: readonly CommandSpec[] = [
  {
    path: ['deploy'],
    summary: 'make servers, install what belongs on them, start and check it',
    details: 'Done work is not repeated; an interrupted deployment goes on where it stopped.',
    options: [
      workspaceOption,
      infra,
      { flags: '--check', summary: 'show the plan and change nothing' },
      { flags: '--rollback', summary: 'on failure undo, in reverse order, what this run did' },
      {
        flags: '--resolve <task=answer>',
        summary: 'answer for a task whose outcome is unknown: TASK=done or TASK=retry',
        repeatable: true,
      },
      { flags: '--timeout <seconds>', summary: 'longest time a task may take (default: 3600)' },
      ...transportOptionsWithout('--resolve', '--timeout'),
    ],
    examples: ['prov deploy --check', 'prov deploy --out ndjson'],
    load: () => import('./deploy.js'),
  },
  {
    path: ['health'],
    summary: 'ask every deployed extension whether it works',
    options: [workspaceOption, infra],
    examples: ['prov health'],
    load: () => import('./health.js'),
  },
  {
    path: ['services', 'start'],
    summary: 'start the services of an infra',
    options: [workspaceOption, infra],
    examples: ['prov services start'],
    load: () => import('./services-start.js'),
  },
  {
    path: ['services', 'stop'],
    summary: 'stop the services of an infra',
    options: [workspaceOption, infra],
    examples: ['prov services stop'],
    load: () => import('./services-stop.js'),
  },
  {
    path: ['services', 'status'],
    summary: 'show the services of an infra',
    options: [workspaceOption, infra],
    examples: ['prov services status'],
    load: () => import('./services-status.js'),
  },
  {
    path: ['destroy'],
    summary: 'stop and delete the servers of an infra, with their data',
    options: [
      workspaceOption,
      infra,
      { flags: '--yes', summary: 'do not ask' },
      { flags: '--check', summary: 'show what would be deleted' },
    ],
    examples: ['prov destroy'],
    load: () => import('./destroy.js'),
  },
];
