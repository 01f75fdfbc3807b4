import type { ArgumentSpec, OptionSpec } from '../../command.js';

export const namespaceOption: OptionSpec = {
  flags: '--namespace <ns>',
  summary: "namespace (default: provisioning-extensions, or the registry's)",
};

/** What a short reference such as `redis:7.2.0` is completed with. */
export const targetOptions: readonly OptionSpec[] = [
  { flags: '--registry <host>', summary: "registry (default: localhost:5000, or the workspace's)" },
  namespaceOption,
];

export const keyOption: OptionSpec = {
  flags: '--key <file>',
  summary: 'key file; to sign also - (standard input), env:NAME or signer:NAME',
};

export const signatureFormOption: OptionSpec = {
  flags: '--signature-form <form>',
  summary:
    "what carries the signature: a bundle, the older .sig tag, or both (default: both, or the user's configuration)",
  choices: ['both', 'bundle', 'legacy'],
};

export const vendorAssetsOption: OptionSpec = {
  flags: '--vendor-assets [platforms]',
  summary: 'carry upstream assets along: all declared platforms, or os/arch,… ("host" is this machine)',
};

export const dirArgument: ArgumentSpec = { name: 'dir', summary: 'directory with a manifest.yaml' };

export const refArgument: ArgumentSpec = {
  name: 'ref',
  summary: 'reference, for example redis:7.2.0, localhost:5000/ns/redis@^7, oci-layout:DIR#ns/redis',
};

export const dryRunOption: OptionSpec = {
  flags: '--dry-run',
  summary: 'change nothing; show bytes and requests',
};

export const packageArgument: ArgumentSpec = {
  name: 'package',
  summary: 'directory, NAME-VERSION.tar.gz, OCI layout, tar of one, or reference',
};

/** `prov oci …` means the same as `prov ext …`. */
export function alsoOci(...words: readonly string[]): readonly (readonly string[])[] {
  return [
    ['ext', ...words],
    ['oci', ...words],
  ];
}
