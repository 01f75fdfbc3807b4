import type { CommandSpec } from '../../command.js';
import { transportOptions } from '../transport-options.js';
import { fromFileOption, keepGoingOption } from './list-options.js';
import {
  alsoOci,
  dirArgument,
  dryRunOption,
  keyOption,
  namespaceOption,
  packageArgument,
  refArgument,
  signatureFormOption,
  targetOptions,
  vendorAssetsOption,
} from './reference-options.js';

/** For those who write extensions. */
export const authorCommands: readonly CommandSpec[] = [
  {
    path: ['ext', 'validate'],
    aliases: alsoOci('package', 'validate'),
    summary: 'check an extension: a directory, or whatever it is packed in',
    details:
      'Prints errors and warnings; only errors make it fail. What is packed is unpacked into a temporary directory.',
    args: [packageArgument],
    options: [...targetOptions, ...transportOptions],
    examples: [
      'prov ext validate ./redis',
      'prov ext validate redis-7.2.0.tar.gz',
      'prov oci package validate ./extensions/taskservs/redis',
      'prov ext validate redis:7.2.0',
    ],
    load: () => import('./validate.js'),
  },
  {
    path: ['ext', 'pack'],
    summary: 'pack a directory reproducibly and print its digest',
    details: 'The same files give the same digest on every machine. Without --output nothing is written.',
    args: [dirArgument],
    options: [
      {
        flags: '--output <path>',
        summary: 'write an OCI layout directory, a tar of one (*.tar) or the plain archive (*.tar.gz)',
      },
      namespaceOption,
      vendorAssetsOption,
    ],
    examples: [
      'prov ext pack ./redis',
      'prov ext pack ./redis --output layout --namespace acme',
      'prov ext pack ./redis --output redis.tar',
    ],
    load: () => import('./pack.js'),
  },
  {
    path: ['ext', 'package'],
    summary: 'pack a directory into NAME-VERSION.tar.gz',
    details: 'The file is the very archive that a push would send; prov ext inspect-artifact looks into it.',
    args: [dirArgument],
    options: [
      {
        flags: '--output <path>',
        summary: 'another place and form, as with prov ext pack (default: the current directory)',
      },
      namespaceOption,
      vendorAssetsOption,
    ],
    examples: [
      'prov oci package ./extensions/taskservs/redis',
      'prov ext package ./redis --output /tmp/redis.tar.gz',
    ],
    load: () => import('./package.js'),
  },
  {
    path: ['ext', 'inspect-artifact'],
    summary: 'look into a packed extension without unpacking it',
    details:
      'Lists layers, digests and every entry of the archives; fails when prov would refuse to unpack it.',
    args: [packageArgument],
    options: [...targetOptions, ...transportOptions],
    examples: [
      'prov oci inspect-artifact redis-1.0.0.tar.gz',
      'prov ext inspect-artifact redis:7.2.0 --out table',
    ],
    load: () => import('./inspect-artifact.js'),
  },
  {
    path: ['ext', 'push'],
    summary: 'pack a directory and push it',
    details:
      'Blobs first, then manifest and signatures, the tag last. Pushing what is there already sends nothing. Several are pushed at once, over the same connections.',
    args: [
      { ...dirArgument, optional: true, unless: 'fromFile' },
      { name: 'name', summary: 'name that the manifest must have', optional: true },
      { name: 'version', summary: 'version that the manifest must have', optional: true },
    ],
    options: [
      fromFileOption('directories'),
      keepGoingOption,
      ...targetOptions,
      vendorAssetsOption,
      { flags: '--sign', summary: 'sign with --key' },
      keyOption,
      signatureFormOption,
      dryRunOption,
      ...transportOptions,
    ],
    examples: [
      'prov ext push ./redis',
      'prov oci push ./extensions/taskservs/redis redis 1.0.0',
      'ls -d extensions/*/ | prov ext push --from-file - --keep-going',
      'prov ext push ./redis --registry registry.example:5000 --namespace acme --vendor-assets --sign --key release.key',
    ],
    load: () => import('./push.js'),
  },
  {
    path: ['ext', 'sign'],
    summary: 'sign an extension that is on a registry',
    args: [refArgument],
    options: [keyOption, signatureFormOption, ...targetOptions, ...transportOptions],
    examples: [
      'prov ext sign redis:7.2.0 --key release.key',
      'prov ext sign redis:7.2.0 --key release.key --signature-form bundle',
    ],
    load: () => import('./sign.js'),
  },
  {
    path: ['ext', 'attach'],
    summary: 'attach files to an artifact: an SBOM, a report, a licence',
    details:
      'Written as oras attach writes it. SBOMs in SPDX or CycloneDX are recognised; other files need --artifact-type.',
    args: [
      refArgument,
      { name: 'file', summary: 'FILE or FILE:media/type; a directory is packed', variadic: true },
    ],
    options: [
      { flags: '--artifact-type <type>', summary: 'what it is, for example application/spdx+json' },
      { flags: '--annotation <key=value>', summary: 'annotation of the attached manifest', repeatable: true },
      dryRunOption,
      ...targetOptions,
      ...transportOptions,
    ],
    examples: [
      'prov ext attach redis:7.2.0 sbom.spdx.json',
      'prov ext attach redis:7.2.0 scan.txt:text/plain --artifact-type application/vnd.acme.scan --annotation stage=prod',
    ],
    load: () => import('./attach.js'),
  },
];
