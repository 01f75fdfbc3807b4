import type { CommandSpec } from '../../command.js';
import { transportOptions } from '../transport-options.js';
import { fromFileOption, keepGoingOption } from './list-options.js';
import { dryRunOption, keyOption, refArgument, targetOptions } from './reference-options.js';

/** For those who use what others published. */
export const readerCommands: readonly CommandSpec[] = [
  {
    path: ['ext', 'pull'],
    summary: 'fetch an extension into a directory, verified first',
    details:
      'What is on this machine is not fetched again, and a broken pull goes on. Exactly the same extension at the destination stays as it is. Several are pulled at once, over the same connections.',
    args: [{ ...refArgument, optional: true, unless: 'fromFile', variadic: true }],
    options: [
      {
        flags: '--destination <dir>',
        summary: 'directory to write (default: ./NAME); of several, the directory that theirs are in',
      },
      fromFileOption('references'),
      keepGoingOption,
      { ...keyOption, summary: 'public key that must have signed it' },
      { flags: '--force', summary: 'replace what is at the destination' },
      {
        flags: '--platform <os/arch>',
        summary: "where the archive differs by platform (default: this machine's)",
      },
      { flags: '--allow-revoked', summary: 'fetch it although it was revoked' },
      { flags: '--any', summary: 'restore the files of an artifact that is no extension, as oras does' },
      dryRunOption,
      ...targetOptions,
      ...transportOptions,
    ],
    examples: [
      'prov oci pull redis:7.2.0',
      'prov ext pull redis@^7 --destination ./redis --key release.pub',
      'prov ext pull redis:7.2.0 postgres:15.0.0 --destination extensions --keep-going',
      'prov ext pull oci-layout:./layout#acme/redis:7.2.0',
    ],
    load: () => import('./pull.js'),
  },
  {
    path: ['ext', 'inspect'],
    summary: 'show what a reference holds',
    details: 'Name, version, dependencies and layers, as YAML. Nothing but manifest and config is fetched.',
    args: [refArgument],
    options: [
      { flags: '--manifest', summary: 'the manifest, as JSON' },
      { flags: '--config', summary: 'the config, as JSON' },
      { flags: '--raw', summary: 'the bytes of the manifest (or of the config) exactly as they are stored' },
      ...targetOptions,
      ...transportOptions,
    ],
    examples: [
      'prov oci inspect kubernetes:1.28.0',
      'prov ext inspect redis:7.2.0 --format json',
      'prov ext inspect redis:7.2.0 --raw > manifest.json',
    ],
    load: () => import('./inspect.js'),
  },
  {
    path: ['ext', 'config'],
    summary: 'show the settings of the registry client that are in effect',
    details: 'Secrets are never shown; prov auth explain says why something is as it is.',
    options: [
      { flags: '--check', summary: 'ask the registry whether it answers' },
      ...targetOptions,
      ...transportOptions,
    ],
    examples: ['prov oci config', 'prov ext config --registry registry.example --check'],
    load: () => import('./config.js'),
  },
  {
    path: ['ext', 'verify'],
    summary: 'check the signatures of an extension',
    args: [refArgument],
    options: [
      { ...keyOption, summary: "public key (default: the workspace's trust policy)" },
      { flags: '--policy <file>', summary: 'trust policy file' },
      ...targetOptions,
      ...transportOptions,
    ],
    examples: ['prov ext verify redis:7.2.0 --key release.pub'],
    load: () => import('./verify.js'),
  },
  {
    path: ['ext', 'discover'],
    summary: 'show everything attached to an artifact, as a tree',
    details:
      "Follows referrers of referrers, the children of an index and cosign's tags. Exit code 10 when a registry's answer leaves doubt.",
    args: [refArgument],
    options: [
      { flags: '--artifact-type <type>', summary: 'only this type; * stands for anything' },
      {
        flags: '--annotation <key=value>',
        summary: 'only with this annotation; * stands for anything',
        repeatable: true,
      },
      { flags: '--depth <n>', summary: 'levels to show (default: all)' },
      ...targetOptions,
      ...transportOptions,
    ],
    examples: [
      'prov ext discover redis:7.2.0',
      "prov ext discover redis:7.2.0 --artifact-type 'application/spdx*' --out json",
      'prov ext discover redis:7.2.0 --annotation stage=prod --depth 1',
    ],
    load: () => import('./discover.js'),
  },
];
