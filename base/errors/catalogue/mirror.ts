import { entries } from '../entry.js';

export const mirrorErrors = entries({
  MIRROR_SOURCE_LOCAL: {
    message: '{extension} is locked to the directory {path}, which cannot go into a bundle',
    hint: 'Push it to a registry, require it from there, and run prov dep resolve.',
    exit: 'failed',
  },
  MIRROR_PROOF_MISSING: {
    message: '{extension}: the signature {digest} that the lock names is not in {where}',
    hint: 'It was deleted there. Sign again and run prov dep resolve, or export from a place that has it.',
    exit: 'refused',
  },
  MIRROR_LOCK_AMBIGUOUS: {
    message: '{reference} stands for {digest} and for {other} in the lock',
    hint: 'Two registries use the same repository name; export them to two bundles.',
    exit: 'conflict',
  },
  MIRROR_BUNDLE_INVALID: {
    message: '{file} is not an intact bundle: {reason}',
    hint: 'Nothing was written. It was damaged, cut off or changed; copy it again, or export it anew.',
    exit: 'refused',
  },
  MIRROR_BUNDLE_FOREIGN: {
    message: '{file} is an OCI layout, but not a bundle of prov: {reason}',
    hint: 'Nothing was written. Bundles are made with prov mirror export.',
    exit: 'failed',
  },
  MIRROR_LOCK_DIFFERS: {
    message: '{file} was made from another lock than {expected}',
    hint: 'Export a bundle from the lock that is to be installed.',
    exit: 'lockStale',
  },
  MIRROR_TAG_CONFLICT: {
    message: '{repository}:{tag} at the target is {existing}, in the bundle {digest}',
    hint: 'Nothing was written. Both sides hold something that the other lacks; remove one of them, or import into another namespace.',
    exit: 'conflict',
  },
});
