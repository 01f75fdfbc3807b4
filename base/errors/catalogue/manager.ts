import { entries } from '../entry.js';

export const managerErrors = entries({
  MANAGER_ASSET_UNAVAILABLE: {
    message: 'the asset {asset} cannot be had from {source}: {reason}',
    hint: 'Check the source, or that npm and the network work. Far from any network, pull an extension that was pushed with --vendor-assets.',
    exit: 'network',
    retryable: true,
  },
  MANAGER_ASSET_MISMATCH: {
    message:
      'the asset {asset} from {source} is not what the manifest promises: {what} {actual} instead of {expected}',
    hint: 'The upstream file changed or was tampered with; nothing of it was kept. Correct sha256 and size in manifest.yaml only if you trust the new file.',
    exit: 'refused',
  },
  MANAGER_ASSET_NOT_VENDORED: {
    message: '{extension} needs the asset {asset} for {platform}, which was not pushed with it',
    hint: 'Push it with --vendor-assets={platform}, or install where {source} can be reached.',
    exit: 'notFound',
  },
  MANAGER_NOT_AN_EXTENSION: {
    message: '{reference} is not an extension: {reason}',
    hint: 'Only artifacts of type application/vnd.prov.extension.v1 can be installed.',
    exit: 'failed',
  },
  MANAGER_ATTACH_INVALID: {
    message: 'cannot attach this: {reason}',
    hint: '{hint}',
    exit: 'usage',
  },
  MANAGER_CONTENT_MISNAMED: {
    message: '{reference} is not what its name says: {reason}',
    hint: 'A tag was moved or copied to other content. Do not use it; ask its publisher.',
    exit: 'refused',
  },
  MANAGER_VERSION_EXISTS: {
    message: '{reference} is already published with another content ({existing}, not {digest})',
    hint: 'A version never changes. Raise the version in manifest.yaml and push again.',
    exit: 'conflict',
    http: 409,
  },
  MANAGER_VERSION_DISAGREES: {
    message: 'the {what} {given} was asked for, but the manifest says {manifest}',
    hint: 'Correct one of them.',
    exit: 'usage',
  },
  MANAGER_VERSION_REVOKED: {
    message: '{reference} is revoked: {reason}',
    hint: 'Do not run it. Take another version; --allow-revoked fetches it all the same, for example to look into it.',
    exit: 'refused',
  },
  MANAGER_STATUS_NO_EFFECT: {
    message: '{reference} would stay {before} for everybody who reads it, not become {state}: {reason}',
    hint: 'Give --key with a key that signed the extension, that said what is in force, or that the trust policy names. Nothing was written.',
    exit: 'refused',
  },
  MANAGER_STATUS_NOT_SET: {
    message: '{reference} is {state}, not {undoes}',
    hint: 'prov ext info shows what was said about it and by whom.',
    exit: 'conflict',
  },
  MANAGER_COPY_NOTHING: {
    message: 'nothing in {where} is to be copied: {reason}',
    hint: 'Look at its tags with prov ext tags, and at the range, --deny and --newest given.',
    exit: 'notFound',
  },
  MANAGER_NOTHING_TO_PULL: {
    message: '{reference} has no files to restore: {reason}',
    hint: 'prov ext inspect shows what it holds; prov ext copy takes it as it is.',
    exit: 'failed',
  },
  MANAGER_OUTPUT_EXISTS: {
    message: '{path} is already there',
    hint: 'Choose another name, or replace it with --force.',
    exit: 'conflict',
  },
  MANAGER_EXTENSION_INVALID: {
    message: '{dir} cannot be published: {problem}{more}',
    hint: 'prov ext validate {dir} shows everything that is wrong.',
    exit: 'configuration',
  },
  MANAGER_TESTS_FAILED: {
    message: 'the test {test} of {name} failed: {reason}{output}',
    hint: 'Run it by hand in a copy of the directory; --no-test publishes without the tests.',
    exit: 'failed',
  },
  MANAGER_LANDED_WRONG: {
    message: '{reference} is not on the registry as it was pushed: {reason}',
    hint: 'Run the same command again: what is missing is sent once more. If it stays so, the registry or something before it changes content.',
    exit: 'refused',
    retryable: true,
  },
  MANAGER_INDEX_CONTESTED: {
    message: 'the index of {repository} is written by others all the time',
    hint: 'Run it again when no publishing is under way.',
    exit: 'conflict',
    retryable: true,
  },
  MANAGER_CATALOGUE_UNAVAILABLE: {
    message: '{registry} does not list its repositories: {reason}',
    hint: 'Ask for a package by its name: prov ext tags, prov ext info.',
    exit: 'failed',
  },
  MANAGER_TAG_CONTESTED: {
    message: '{reference} was not removed: somebody else moved it meanwhile (tries: {tries})',
    hint: 'Look where it leads now, and try again.',
    exit: 'conflict',
  },
  MANAGER_TAG_ASTRAY: {
    message:
      '{reference} could be neither removed nor led back to {digest}: it leads to an empty manifest now',
    hint: 'Lead it back when the registry answers again: prov ext tag {repository}@{digest} {tag}.',
    exit: 'failed',
  },
  MANAGER_DELETE_OUTDATED: {
    message: '{repository} has changed since the deletion was planned: {reason}; {so}',
    hint: 'Look at it again with --dry-run, and repeat the deletion if it is still wanted.',
    exit: 'conflict',
  },
  MANAGER_PACKAGE_UNKNOWN: {
    message: 'nothing is published as {repository}',
    hint: 'Check the registry, the namespace and the name.',
    exit: 'notFound',
  },
  MANAGER_LOCK_MISSING: {
    message: 'there is no lock at {path}',
    hint: 'Run prov dep resolve first.',
    exit: 'lockStale',
  },
  MANAGER_LOCK_STALE: {
    message: 'the lock does not fit the requirements: {reason}',
    hint: 'Run prov dep resolve without --locked and commit the new lock.',
    exit: 'lockStale',
  },
  MANAGER_INDEX_LIES: {
    message:
      '{name} {version}: {index} says {what} {claimed}, the manifest {digest} says {actual}; nothing was locked',
    hint: 'The index was forged or is damaged: it has to be made anew from the manifests. Ask who runs the registry.',
    exit: 'refused',
  },
  MANAGER_LIST_CHANGED: {
    message: '{name} {version} was listed by {where} and is not there any more',
    hint: 'Versions were removed while they were read. Run the command again.',
    exit: 'conflict',
    retryable: true,
  },
  MANAGER_OFFLINE: {
    message: 'the registry {registry} was needed, and --offline opens no connection',
    hint: 'Run the command without --offline where the registry can be reached.',
    exit: 'network',
  },
  MANAGER_OFFLINE_UNKNOWN: {
    message: 'nothing is known offline of {name} in {registry}',
    hint: 'Run prov dep fetch (or prov dep resolve) once where the registry can be reached.',
    exit: 'network',
  },
  MANAGER_OFFLINE_MISSING: {
    message: '--offline: this machine lacks {count} of the pieces of content:\n{list}',
    hint: 'Run prov dep fetch where the registry can be reached. From another machine: {mirror}',
    exit: 'network',
  },
  MANAGER_PLAN_DECLINED: {
    message: 'nothing was changed: the plan was not agreed to; changes in it to look at: {count}',
    hint: 'prov dep resolve --dry-run shows the plan; --yes agrees to it.',
    exit: 'failed',
  },
  MANAGER_UPDATE_UNKNOWN: {
    message: 'the lock holds nothing called "{name}"',
    hint: '{suggestion}prov dep tree shows what it holds.',
    exit: 'notFound',
  },
  MANAGER_LOCK_LOCAL: {
    message:
      'the lock holds directories of this workspace, which nobody can have signed; {why} refuses them: {list}',
    hint: 'Push them with prov ext push, and require their versions in place of the directories.',
    exit: 'refused',
  },
  MANAGER_LOCK_MERGE_FAILED: {
    message: 'the two locks cannot be merged: {reason}\n{count} conflicts, ours | theirs:\n{list}',
    hint: 'Settle config/provisioning.yaml first, then run prov dep resolve, which writes the lock anew.',
    exit: 'conflict',
  },
  MANAGER_LOCK_LOOPBACK: {
    message:
      'the registry {registry} is on this machine and has no id of its own: the lock would mean nothing elsewhere',
    hint: 'Give it an id under registries in config/provisioning.yaml, or add --allow-local.',
    exit: 'configuration',
  },
  MANAGER_LOCK_CONTENT_CHANGED: {
    message: '{name} {version}: the registry now has {actual} where the lock says {expected}',
    hint: 'Someone replaced a published version. Do not install it; ask its publisher.',
    exit: 'refused',
  },
  MANAGER_LOCK_EDITED: {
    message: 'the lock was edited: it says of {module} what its manifest {digest} does not\n{list}',
    hint: 'Restore prov.lock from version control, or run prov dep resolve to write it anew.',
    exit: 'refused',
  },
  MANAGER_UNSETTLED: {
    message: 'after {rounds} choices, something of what was chosen is still refused or too young',
    hint: 'Name the versions that you accept with prov dep add NAME@VERSION, or ask for a smaller minimum age.',
    exit: 'noResolution',
  },
  MANAGER_LOCK_UNSOUND: {
    message:
      'the lock was edited: by their own manifests, the versions in it do not go together\n{explanation}',
    hint: 'Restore prov.lock from version control, or run prov dep resolve to write it anew.',
    exit: 'refused',
  },
  MANAGER_UNRESOLVABLE: {
    message: '{explanation}',
    hint: '{suggestion}',
    exit: 'noResolution',
  },
  MANAGER_PACKAGE_FORM_UNKNOWN: {
    message: '{path} is neither a packed extension nor an OCI layout',
    hint: 'Give NAME-VERSION.tar.gz as prov ext package writes it, an OCI layout directory, a tar of one, or a reference.',
    exit: 'usage',
  },
  MANAGER_PATH_REQUIREMENT: {
    message: '{place}: the directory {path} cannot be required: {reason}',
    hint: 'Write a directory inside the workspace that holds a manifest.yaml of the kind that is asked for. An extension from elsewhere is pushed, and required by its version.',
    exit: 'configuration',
  },
  MANAGER_REGISTRY_UNKNOWN: {
    message: 'no registry of this workspace has the id "{id}"',
    hint: 'Add it under registries in config/provisioning.yaml; known are {known}.',
    exit: 'configuration',
  },
  MANAGER_LAYER_UNSIGNED: {
    message: '{kind} {name} comes from the {layer} layer, where nothing is signed; {why} refuses it',
    hint: 'Push it signed and require its version, or deploy in mode solo or multi-user.',
    exit: 'refused',
  },
  MANAGER_SIGNER_UNKNOWN: {
    message: 'there is no external signer "{name}"; known: {known}',
    hint: 'Name it in your own configuration: [security.external_signers] NAME = ["program", "argument"].',
    exit: 'configuration',
  },
  MANAGER_SIGNER_FAILED: {
    message: 'the external signer "{name}" gave no answer to use: {reason}',
    hint: 'Run it by hand with the argument public-key: it must print a PEM and end with 0.',
    exit: 'failed',
  },
});
