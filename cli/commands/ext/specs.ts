import type { CommandSpec, OptionSpec } from '../../command.js';

const transport: readonly OptionSpec[] = [
  { flags: '--plain-http', summary: 'speak http (automatic for loopback)' },
  { flags: '--insecure', summary: 'do not check TLS certificates' },
  { flags: '--ca-file <file>', summary: 'further certificates to trust (PEM)' },
];
const target: readonly OptionSpec[] = [
  { flags: '--registry <host>', summary: "registry (default: localhost:5000, or the workspace's)" },
  { flags: '--namespace <ns>', summary: "namespace (default: provisioning-extensions, or the registry's)" },
];
const vendor: OptionSpec = {
  flags: '--vendor-assets [platforms]',
  summary: 'carry upstream assets along: all declared platforms, or os/arch,… ("host" is this machine)',
};
const key: OptionSpec = { flags: '--key <file>', summary: 'key file' };
const path = { name: 'dir', summary: 'directory with a manifest.yaml' };
const ref = {
  name: 'ref',
  summary: 'reference, for example redis:7.2.0, localhost:5000/ns/redis@^7, oci-layout:DIR#ns/redis',
};

/** `prov oci …` means the same as `prov ext …`. */
function both(spec: CommandSpec): CommandSpec {
  const [, ...rest] = spec.path;
  return { ...spec, aliases: [['oci', ...rest], ...(spec.aliases ?? [])] };
}

export const extCommands: readonly CommandSpec[] = [
  {
    path: ['ext', 'validate'],
    summary: 'check an extension directory',
    args: [path],
    load: () => import('./validate.js'),
  } satisfies CommandSpec,
  {
    path: ['ext', 'pack'],
    aliases: [
      ['ext', 'package'],
      ['oci', 'package'],
    ],
    summary: 'pack a directory into an OCI layout, reproducibly',
    args: [path],
    options: [
      {
        flags: '--output <layout>',
        summary: 'OCI layout directory to write (default: only print the digests)',
      },
      ...target.slice(1),
      vendor,
    ],
    load: () => import('./pack.js'),
  },
  {
    path: ['ext', 'push'],
    summary: 'pack a directory and push it',
    details:
      'Blobs first, then manifest and signatures, the tag last. Pushing what is there already sends nothing.',
    args: [path],
    options: [
      ...target,
      vendor,
      { flags: '--sign', summary: 'sign with --key' },
      key,
      { flags: '--dry-run', summary: 'show what would be sent' },
      ...transport,
    ],
    examples: [
      'prov ext push ./redis',
      'prov ext push ./redis --registry registry.example:5000 --namespace acme --vendor-assets --sign --key release.key',
    ],
    load: () => import('./push.js'),
  },
  {
    path: ['ext', 'publish'],
    summary: 'validate, pack, sign, push and check what landed',
    args: [path],
    options: [
      ...target,
      vendor,
      key,
      { flags: '--no-sign', summary: 'publish without a signature' },
      { flags: '--dry-run', summary: 'show what would be sent' },
      ...transport,
    ],
    load: () => import('./publish.js'),
  },
  {
    path: ['ext', 'pull'],
    summary: 'fetch an extension into a directory, verified first',
    args: [ref],
    options: [
      { flags: '--destination <dir>', summary: 'directory to write (default: ./NAME)' },
      { flags: '--key <file>', summary: 'public key that must have signed it' },
      { flags: '--dry-run', summary: 'show what would be fetched' },
      ...target,
      ...transport,
    ],
    load: () => import('./pull.js'),
  },
  {
    path: ['ext', 'inspect'],
    summary: 'show what a reference holds',
    args: [ref],
    options: [...target, ...transport],
    load: () => import('./inspect.js'),
  },
  {
    path: ['ext', 'verify'],
    summary: 'check the signatures of an extension',
    args: [ref],
    options: [
      { flags: '--key <file>', summary: "public key (default: the workspace's trust policy)" },
      { flags: '--policy <file>', summary: 'trust policy file' },
      ...target,
      ...transport,
    ],
    load: () => import('./verify.js'),
  },
  {
    path: ['ext', 'sign'],
    summary: 'sign an extension that is on a registry',
    args: [ref],
    options: [key, ...target, ...transport],
    load: () => import('./sign.js'),
  },
  {
    path: ['ext', 'tags'],
    summary: 'list the tags of an extension',
    args: [{ name: 'name', summary: 'name or repository' }],
    options: [...target, ...transport],
    load: () => import('./tags.js'),
  },
  {
    path: ['ext', 'discover'],
    summary: 'show signatures and other artifacts attached to an extension',
    args: [ref],
    options: [{ flags: '--artifact-type <type>', summary: 'only this type' }, ...target, ...transport],
    load: () => import('./discover.js'),
  },
  {
    path: ['ext', 'copy'],
    summary: 'copy an extension with its signatures to another registry or layout',
    args: [ref, { name: 'to', summary: 'reference to write' }],
    options: [...target, ...transport],
    load: () => import('./copy.js'),
  },
].map(both);
