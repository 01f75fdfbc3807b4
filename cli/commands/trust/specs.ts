import type { CommandSpec } from '../../command.js';
import { workspaceOption } from '../dep/specs.js';
import { targetOptions } from '../ext/reference-options.js';
import { transportOptions } from '../transport-options.js';

export const trustCommands: readonly CommandSpec[] = [
  {
    path: ['trust', 'explain'],
    summary: 'say, step by step, why an extension is or is not accepted',
    details:
      'Asks the policy of --policy or --key, else that of the workspace around, else that of the machine and the user. Exit code 6 when it would be refused.',
    args: [{ name: 'ref', summary: 'reference, for example redis:7.2.0' }],
    options: [
      { flags: '--key <file>', summary: 'public key that must have signed it' },
      { flags: '--policy <file>', summary: 'trust policy file' },
      ...targetOptions,
      ...transportOptions,
    ],
    examples: ['prov trust explain redis:7.2.0', 'prov trust explain redis:7.2.0 --policy trust-policy.yaml'],
    load: () => import('./explain.js'),
  },
  {
    path: ['trust', 'lint'],
    summary: 'look for rules that nobody can meet, keys that count for nothing, and dates',
    details: 'Exit code 1 when there are errors; warnings alone end with 0.',
    args: [{ name: 'policy', summary: 'trust policy file' }],
    examples: ['prov trust lint config/trust-policy.yaml'],
    load: () => import('./lint.js'),
  },
  {
    path: ['trust', 'test'],
    summary: 'run a policy against cases: who signed what, and what must come of it',
    details: 'No registry is asked and no signature is made. Exit code 1 when a case has another outcome.',
    args: [
      { name: 'policy', summary: 'trust policy file' },
      { name: 'cases', summary: 'file of cases' },
    ],
    examples: ['prov trust test config/trust-policy.yaml trust-cases.yaml'],
    load: () => import('./test.js'),
  },
  {
    path: ['trust', 'import'],
    summary: 'make a trust policy out of that of another program',
    details:
      'Reads policy.json of containers (podman, skopeo), trust policies of Notation, ClusterImagePolicy of sigstore and verifyImages of Kyverno. What cannot be said is refused by the new policy, never accepted; each such thing is a note, in the comments at its head too. Exit code 10 when something is refused that was accepted there.',
    args: [{ name: 'file', summary: 'policy of the other program' }],
    options: [
      {
        flags: '--from <format>',
        summary: 'what it is, where it does not say',
        choices: ['containers', 'notation', 'cluster-image-policy', 'kyverno'],
      },
      {
        flags: '--key <file>',
        summary:
          'public key of who signs instead of certificates, GPG and keys in a cluster; may be given several times',
        repeatable: true,
      },
      { flags: '--output <file>', summary: 'write it there (default: print it)' },
      { flags: '--force', summary: 'replace a file that is there' },
    ],
    examples: [
      'prov trust import /etc/containers/policy.json --output trust-policy.yaml',
      'prov trust import trustpolicy.json --key release.pub',
    ],
    load: () => import('./import.js'),
  },
  {
    path: ['trust', 'rotate'],
    summary: 'say what would fail when a key no longer counts',
    details:
      'Reads and verifies every signature of the locked extensions, with the key and without it. Writes nothing: sign anew what fails, then take the key out of the policy. Exit code 1 when something would fail.',
    args: [{ name: 'key', summary: 'name or id of a key in the policy' }],
    options: [
      { flags: '--plan', summary: 'only plan (the only thing there is, and it must be said)' },
      workspaceOption,
      ...transportOptions,
    ],
    examples: ['prov trust rotate acme-2025 --plan'],
    load: () => import('./rotate.js'),
  },
];
