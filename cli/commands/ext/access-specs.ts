import type { CommandSpec } from '../../command.js';
import { transportOptions } from '../transport-options.js';

const registryArgument = {
  name: 'registry',
  summary: 'registry, or REGISTRY/PATH for the repositories below a path only',
};

/** Signing in and out, and what would be used. */
export const accessCommands: readonly CommandSpec[] = [
  {
    path: ['ext', 'login'],
    aliases: [['login']],
    summary: 'sign in at a registry',
    details:
      'The registry is asked first; nothing is stored when it refuses. What is stored goes to the credential helper\nthat ~/.docker/config.json names, else into that file. Secrets come by standard input, by file or are asked for.',
    args: [registryArgument],
    options: [
      { flags: '-u, --username <name>', summary: 'user name (default: _token)' },
      { flags: '--password-stdin', summary: 'read password or token from standard input' },
      { flags: '--token-file <file>', summary: 'read password or token from a file' },
      { flags: '--identity-token-stdin', summary: 'read an identity (refresh) token from standard input' },
      ...transportOptions,
    ],
    examples: [
      'prov login registry.example --username anna',
      'prov oci login localhost:5000 --username _token --password-stdin < token.txt',
    ],
    load: () => import('./login.js'),
  },
  {
    path: ['ext', 'logout'],
    aliases: [['logout']],
    summary: 'forget what is stored for a registry',
    args: [{ ...registryArgument, optional: true }],
    options: [
      { flags: '--all', summary: 'paths of the registry too; without a registry, everything that is stored' },
    ],
    examples: ['prov logout registry.example', 'prov logout registry.example --all'],
    load: () => import('./logout.js'),
  },
  {
    path: ['auth', 'explain'],
    aliases: [
      ['ext', 'auth', 'explain'],
      ['oci', 'auth', 'explain'],
    ],
    summary: 'show which credentials, proxy, certificates and mirrors a reference would use, and why',
    details: 'The registry is not asked; credential helpers are. No secret is shown.',
    args: [{ name: 'ref', summary: 'registry, repository or reference' }],
    options: [
      { flags: '--registry <host>', summary: "registry of a short reference (default: the workspace's)" },
      { flags: '--namespace <ns>', summary: 'namespace of a short reference' },
      ...transportOptions,
    ],
    examples: ['prov auth explain registry.example/acme/redis:7.2.0'],
    load: () => import('./auth-explain.js'),
  },
];
