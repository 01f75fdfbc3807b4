import type { CommandSpec, OptionSpec } from '../../command.js';

const data: OptionSpec = {
  flags: '--data <dir>',
  summary: 'directory of its content (default: ~/.provisioning/oci-registry)',
};
const port: OptionSpec = { flags: '--port <n>', summary: 'TCP port (default: 5000; 0 takes a free one)' };

export const registryCommands: readonly CommandSpec[] = [
  {
    path: ['registry', 'start'],
    aliases: [['oci-registry', 'start']],
    summary: 'start a registry on this machine',
    details:
      'Runs in the background unless --foreground is given. Starting one that already runs does nothing.',
    options: [
      data,
      port,
      { flags: '--host <address>', summary: 'address to listen on (default: 127.0.0.1)' },
      {
        flags: '--trust-policy <file>',
        summary: 'refuse extensions, pushed and pulled, that this trust policy does not accept',
      },
      { flags: '--foreground', summary: 'stay in the foreground until Ctrl-C' },
    ],
    examples: [
      'prov registry start',
      'prov registry start --foreground --port 5001 --data ./registry',
      'prov registry start --trust-policy registry-policy.yaml',
    ],
    load: () => import('./start.js'),
  },
  {
    path: ['registry', 'stop'],
    aliases: [['oci-registry', 'stop']],
    summary: 'stop a registry started by prov',
    options: [
      data,
      { ...port, flags: '--port <n>', summary: 'the one on this port' },
      { flags: '--all', summary: 'all of them' },
    ],
    examples: ['prov registry stop'],
    load: () => import('./stop.js'),
  },
  {
    path: ['registry', 'status'],
    aliases: [['oci-registry', 'status']],
    summary: 'show registries started by prov that run now',
    options: [data, { flags: '--port <n>', summary: 'only the one on this port' }],
    examples: ['prov registry status'],
    load: () => import('./status.js'),
  },
];
