import type { CommandSpec, OptionSpec } from '../../command.js';
import { transportOptions } from '../transport-options.js';
import { keepGoingOption } from './list-options.js';
import { dryRunOption, refArgument, targetOptions } from './reference-options.js';

const noReferrers: OptionSpec = {
  flags: '--no-referrers',
  summary: 'leave signatures and everything else that is attached behind',
};
const force: OptionSpec = { flags: '--force', summary: 'replace a tar that is there' };

/** Moving what is packed from one place to another. */
export const transferCommands: readonly CommandSpec[] = [
  {
    path: ['ext', 'copy'],
    summary: 'copy an artifact, or all tags of it, with everything attached to it',
    details:
      'Both ends may be a registry, oci-layout:DIR, a tar of a layout (oci-layout:FILE.tar, bundle:FILE). What is there is not sent again. Exit code 10 when it is not certain that everything attached was found.',
    args: [refArgument, { name: 'to', summary: 'reference to write; without a tag it keeps its own' }],
    options: [
      { flags: '--all-tags', summary: 'every tag of the repository' },
      { flags: '--range <range>', summary: 'with --all-tags: only versions in this range' },
      {
        flags: '--deny <tag>',
        summary: 'with --all-tags: not this tag; * stands for anything',
        repeatable: true,
      },
      { flags: '--newest <n>', summary: 'with --all-tags: only the newest versions' },
      noReferrers,
      keepGoingOption,
      dryRunOption,
      force,
      ...targetOptions,
      ...transportOptions,
    ],
    examples: [
      'prov oci copy localhost:5000/test/kubernetes:1.28.0 localhost:5000/production/kubernetes:1.28.0',
      "prov ext copy localhost:5000/acme/redis registry.example/acme/redis --all-tags --range '>=7 <8' --newest 3",
      'prov ext copy redis:7.2.0 oci-layout:redis.tar',
    ],
    load: () => import('./copy.js'),
  },
  {
    path: ['ext', 'export'],
    summary: 'write references into an OCI layout, a directory or a tar',
    details:
      'oras, skopeo and crane open it. A layout with one repository has plain tags; with several, their full names.',
    args: [{ ...refArgument, variadic: true }],
    options: [
      { flags: '--output <path>', summary: 'directory, or a tar when it ends in .tar' },
      noReferrers,
      keepGoingOption,
      dryRunOption,
      force,
      ...targetOptions,
      ...transportOptions,
    ],
    examples: [
      'prov ext export redis:7.2.0 --output redis.tar',
      'prov ext export redis:7.2.0 postgres:15.0.0 --output layout',
    ],
    load: () => import('./export.js'),
  },
  {
    path: ['ext', 'import'],
    summary: 'write everything in an OCI layout, a directory or a tar, to a registry',
    details: 'Also for layouts that oras, skopeo, crane or docker wrote.',
    args: [{ name: 'layout', summary: 'layout directory or tar' }],
    options: [
      { flags: '--to <host>', summary: "registry to write to (default: the workspace's, or localhost:5000)" },
      { flags: '--repository <repository>', summary: 'namespace/name for tags that say none' },
      noReferrers,
      keepGoingOption,
      dryRunOption,
      { flags: '--registry <host>', summary: 'same as --to' },
      { flags: '--namespace <ns>', summary: 'put everything into this namespace' },
      ...transportOptions,
    ],
    examples: [
      'prov ext import redis.tar --to registry.enclave:5000',
      'prov ext import layout --namespace acme --dry-run',
      'prov ext import from-skopeo.tar --repository acme/redis',
    ],
    load: () => import('./import.js'),
  },
];
