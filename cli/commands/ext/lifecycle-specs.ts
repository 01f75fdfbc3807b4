import type { CommandSpec } from '../../command.js';
import { transportOptions } from '../transport-options.js';
import {
  dirArgument,
  dryRunOption,
  keyOption,
  refArgument,
  signatureFormOption,
  targetOptions,
  vendorAssetsOption,
} from './reference-options.js';

/** What a version goes through on a registry. */
export const lifecycleCommands: readonly CommandSpec[] = [
  {
    path: ['ext', 'publish'],
    summary: 'validate, test, pack, sign, push, index and check what landed',
    details:
      "Runs the extension's own tests (tests/*.sh, .mjs, .py, .nu) in a copy of the directory first. Nobody sees the version before it is complete; running it again after a failure goes on where it stopped.",
    args: [
      dirArgument,
      { name: 'name', summary: 'name it must have', optional: true },
      { name: 'version', summary: 'version it must have', optional: true },
    ],
    options: [
      ...targetOptions,
      vendorAssetsOption,
      keyOption,
      signatureFormOption,
      { flags: '--no-sign', summary: 'publish without a signature' },
      {
        flags: '--tag <tag>',
        summary: 'also set this tag, for example stable; it may move',
        repeatable: true,
      },
      { flags: '--no-test', summary: "do not run the extension's own tests" },
      dryRunOption,
      ...transportOptions,
    ],
    examples: [
      'prov ext publish ./redis --key release.key',
      'prov ext publish ./redis --key release.key --tag stable --dry-run',
    ],
    load: () => import('./publish.js'),
  },
  {
    path: ['ext', 'list'],
    summary: 'list the extensions of a registry',
    details: 'Those of one namespace, each with its newest version that is neither yanked nor revoked.',
    options: [
      { flags: '--kind <kind>', summary: 'only providers, taskservs, clusters, workflows or templates' },
      { flags: '--all', summary: 'of all namespaces' },
      ...targetOptions,
      ...transportOptions,
    ],
    examples: ['prov oci list --namespace provisioning-extensions', 'prov ext list --all --kind cluster'],
    load: () => import('./list.js'),
  },
  {
    path: ['ext', 'search'],
    summary: 'search the extensions of a registry',
    details:
      'Every word must be found in name, namespace, kind, keywords or description; a word with * or ? must match a whole name.',
    args: [
      { name: 'query', summary: 'word or glob' },
      { name: 'words', summary: 'more of them', optional: true, variadic: true },
    ],
    options: [{ flags: '--kind <kind>', summary: 'only this kind' }, ...targetOptions, ...transportOptions],
    examples: ['prov oci search kubernetes', 'prov ext search "container-*"'],
    load: () => import('./search.js'),
  },
  {
    path: ['ext', 'tags'],
    summary: 'list the versions of an extension, newest first',
    args: [{ name: 'name', summary: 'name or repository' }],
    options: [
      { flags: '--all', summary: 'also the tags that are no versions' },
      ...targetOptions,
      ...transportOptions,
    ],
    examples: ['prov oci tags kubernetes', 'prov ext tags redis --all --out json'],
    load: () => import('./tags.js'),
  },
  {
    path: ['ext', 'info'],
    summary: 'show what there is to know before using an extension',
    details: 'State, versions, dependencies, platforms, size, signatures, and what the trust policy says.',
    args: [refArgument],
    options: [
      { ...keyOption, summary: 'public key that must have signed it' },
      ...targetOptions,
      ...transportOptions,
    ],
    examples: ['prov ext info redis@^7'],
    load: () => import('./info.js'),
  },
  {
    path: ['ext', 'tag'],
    summary: 'point further tags at what a reference leads to',
    details:
      'Channels such as stable move. The tag of a version is set for that version only and never moves.',
    args: [refArgument, { name: 'tags', summary: 'tags to set', variadic: true }],
    options: [dryRunOption, ...targetOptions, ...transportOptions],
    examples: ['prov ext tag redis:7.2.0 stable', 'prov ext tag redis:7.2.0 latest v7'],
    load: () => import('./tag.js'),
  },
  {
    path: ['ext', 'untag'],
    summary: 'remove tags that are no versions; what they led to stays',
    args: [
      { name: 'ref', summary: 'NAME:TAG' },
      { name: 'tags', summary: 'more tags', optional: true, variadic: true },
    ],
    options: [dryRunOption, ...targetOptions, ...transportOptions],
    examples: ['prov ext untag redis:stable'],
    load: () => import('./untag.js'),
  },
  status('deprecate', 'deprecated', 'say that a version should not be used any more; it still works'),
  status('yank', 'yanked', 'hide a version from everybody who has not locked it'),
  status('revoke', 'revoked', 'say that a version is dangerous: nobody gets it unless they insist'),
  {
    path: ['ext', 'delete'],
    summary: 'delete a version from a registry',
    details:
      'A tag goes alone and its manifest stays; a digest, or --with-referrers, takes the manifest with its tags. What is gone already is no failure. To hide a version from new users, yank it.',
    args: [refArgument],
    options: [
      { flags: '--force', summary: 'do not ask' },
      { flags: '--yes', summary: 'same as --force' },
      {
        flags: '--with-referrers',
        summary: 'also the manifest, its signatures and all that is attached to it',
      },
      dryRunOption,
      ...targetOptions,
      ...transportOptions,
    ],
    examples: [
      'prov oci delete kubernetes:1.28.0 --force',
      'prov ext delete redis:7.2.0 --with-referrers --dry-run',
    ],
    load: () => import('./delete.js'),
  },
  {
    path: ['index', 'rebuild'],
    summary: 'make the index of an extension anew from its tags and manifests',
    details: 'For registries that keep no index themselves; there it is the artifact under the tag _index.',
    args: [{ name: 'name', summary: 'name or repository' }],
    options: [...targetOptions, ...transportOptions],
    examples: ['prov index rebuild redis --registry registry.example:5000 --namespace acme'],
    load: () => import('../index/rebuild.js'),
  },
];

/** `deprecate`, `yank` and `revoke` take the same. */
function status(verb: 'deprecate' | 'yank' | 'revoke', state: string, summary: string): CommandSpec {
  const load = {
    deprecate: () => import('./deprecate.js'),
    yank: () => import('./yank.js'),
    revoke: () => import('./revoke.js'),
  };
  return {
    path: ['ext', verb],
    summary,
    details:
      'Said beside the version, which does not change. Without a key anybody could have said it; only a key can take it back.',
    args: [refArgument],
    options: [
      { flags: '--reason <text>', summary: 'why; people will read it' },
      { flags: '--replacement <name>', summary: 'what to take instead, for example redis@^7.2.1' },
      { ...keyOption, summary: 'private key to sign it with' },
      { flags: '--undo', summary: `it is not ${state} any more` },
      dryRunOption,
      ...targetOptions,
      ...transportOptions,
    ],
    examples: [
      `prov ext ${verb} redis:7.2.0 --reason "writes passwords to its log" --replacement redis@^7.2.1 --key release.key`,
      `prov ext ${verb} redis:7.2.0 --undo --key release.key`,
    ],
    load: load[verb],
  };
}
