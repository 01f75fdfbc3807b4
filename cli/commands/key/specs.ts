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
  {
    path: ['key', 'import'],
    summary: 'take over a private key made elsewhere',
    details:
      "Reads PKCS#8, OpenSSL's EC and RSA keys and cosign's encrypted form, and writes PREFIX.key (encrypted with PROVISIONING_SIGN_PASSWORD) and PREFIX.pub. PROVISIONING_IMPORT_PASSWORD opens what is read, when that is another one.",
    args: [{ name: 'key', summary: 'key file, - for standard input, or env:NAME' }],
    options: [{ flags: '--output <prefix>', summary: 'where to write (default: ./prov)' }],
    examples: ['PROVISIONING_SIGN_PASSWORD=… prov key import old.pem --output keys/release'],
    load: () => import('./import.js'),
  },
  {
    path: ['key', 'export'],
    summary: 'give a key to other tools',
    details:
      'With --public prints the public key. With --output writes the private key as PKCS#8, not encrypted, readable by you only; it is never printed.',
    args: [{ name: 'key', summary: 'key file, - for standard input, or env:NAME' }],
    options: [
      { flags: '--public', summary: 'print the public key' },
      { flags: '--output <file>', summary: 'where to write the private key' },
    ],
    examples: [
      'prov key export keys/release.key --public',
      'prov key export keys/release.key --output plain.pem',
    ],
    load: () => import('./export.js'),
  },
  {
    path: ['key', 'show'],
    summary: 'say what a key is: algorithm, id, public half',
    args: [{ name: 'key', summary: 'private or public key file, - for standard input, or env:NAME' }],
    examples: ['prov key show keys/release.pub'],
    load: () => import('./show.js'),
  },
];
