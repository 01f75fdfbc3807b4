import type { CommandSpec } from '../../command.js';
import { workspaceOption } from '../dep/specs.js';

export const workspaceCommands: readonly CommandSpec[] = [
  {
    path: ['workspace', 'init'],
    summary: 'make a workspace',
    args: [{ name: 'dir', summary: 'directory to make' }],
    options: [
      { flags: '--name <name>', summary: "name of the workspace (default: the directory's)" },
      {
        flags: '--mode <mode>',
        summary: 'how strict it is',
        choices: ['solo', 'multi-user', 'cicd', 'enterprise'],
        default: 'solo',
      },
      {
        flags: '--registry <id=url>',
        summary: 'a registry: ID=HOST[:PORT][/NAMESPACE]; may be given several times',
        repeatable: true,
      },
      {
        flags: '--require <requirement>',
        summary: 'KIND/NAME@RANGE; may be given several times',
        repeatable: true,
      },
      { flags: '--infra <name>', summary: 'an infra to make (default: dev)' },
      { flags: '--provider <name>', summary: 'provider of its servers (default: local)' },
      {
        flags: '--server <server>',
        summary: 'NAME=EXTENSION,…; a cluster as cluster:NAME; may be given several times',
        repeatable: true,
      },
      { flags: '--trust-key <file>', summary: 'public key that must have signed every extension' },
    ],
    examples: [
      'prov workspace init ./site --registry main=localhost:5000/acme --require taskserv/redis@^7 --server app-1=redis',
    ],
    load: () => import('./init.js'),
  },
  {
    path: ['workspace', 'show'],
    summary: 'show workspace, layers and registries',
    options: [workspaceOption],
    examples: ['prov workspace show'],
    load: () => import('./show.js'),
  },
  {
    path: ['workspace', 'registry'],
    summary: 'set where a registry of the workspace is',
    args: [
      { name: 'id', summary: 'id of the registry' },
      { name: 'url', summary: 'HOST[:PORT]' },
    ],
    options: [workspaceOption],
    examples: ['prov workspace registry main registry.example:5000'],
    load: () => import('./registry.js'),
  },
  {
    path: ['config', 'explain'],
    aliases: [['workspace', 'config']],
    summary: 'show configuration values and where each comes from',
    args: [{ name: 'key', summary: 'for example mode or registries', optional: true }],
    options: [workspaceOption, { flags: '--infra <name>', summary: 'with the layer of this infra' }],
    examples: ['prov config explain'],
    load: () => import('./config.js'),
  },
  {
    path: ['module', 'list'],
    summary: 'load the modules of an infra and show which layer each comes from',
    options: [workspaceOption, { flags: '--infra <name>', summary: 'infra (default: the only one)' }],
    examples: ['prov module list'],
    load: () => import('./modules.js'),
  },
];
