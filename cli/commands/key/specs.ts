import type { CommandSpec } from '../../command.js';

export const keyCommands: readonly CommandSpec[] = [
  {
    path: ['key', 'generate'],
    summary: 'make a key pair for signing',
    details:
      "Writes PREFIX.key (cosign's encrypted form) and PREFIX.pub. The password comes from PROVISIONING_SIGN_PASSWORD.",
    options: [
      { flags: '--output <prefix>', summary: 'where to write (default: ./prov)' },
      { flags: '--if-missing', summary: 'keep the pair when it is there already' },
      {
        flags: '--algorithm <name>',
        summary: 'kind of key',
        choices: ['ecdsa-p256', 'ecdsa-p384', 'ed25519', 'rsa'],
        default: 'ecdsa-p256',
      },
    ],
    examples: ['PROVISIONING_SIGN_PASSWORD=… prov key generate --output keys/release'],
    load: () => import('./generate.js'),
  },
];
