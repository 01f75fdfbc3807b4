import { entries } from '../entry.js';

export const resolverErrors = entries({
  RESOLVER_CONTENT_MISSING: {
    message: 'the solution holds {id}, but its content was not looked up',
    hint: 'This is a bug in prov: every package of a solution needs its manifest before a lock is written.',
    exit: 'bug',
  },
  RESOLVER_ORDER_CYCLE: {
    message: 'no order to run in: {cycle}',
    hint: 'Make one of these dependencies optional, or move what they share into an extension of its own.',
    exit: 'noResolution',
  },
  RESOLVER_EDGE_DANGLING: {
    message: '{name} {version} depends on {dependency} {wanted}, which the lock does not hold',
    hint: 'The lock was edited by hand or cut short. Restore it from version control, or delete it and run prov dep resolve.',
    exit: 'configuration',
  },
  RESOLVER_KIND_MIXED: {
    message: '{id} holds a {kind} in version {version} and a {otherKind} in version {otherVersion}',
    hint: 'A repository holds one kind of extension. Publish the other under a name of its own.',
    exit: 'conflict',
  },
  RESOLVER_FACTS_MISSING: {
    message: '{id} {version} is listed, but nothing is known of its dependencies',
    hint: 'The source of metadata lists bare versions and cannot look one up.',
    exit: 'bug',
  },
  RESOLVER_VERSION_DUPLICATE: {
    message: '{id} lists version {version} twice',
    hint: 'The index of this package is damaged: its registry must write it anew.',
    exit: 'failed',
  },
  RESOLVER_PROOF_REFUSED: {
    message: 'the resolver found no solution, but its proof does not hold at line {at}: {reason}',
    hint: 'This is a bug in prov: please report it with the requirements of the workspace.',
    exit: 'bug',
  },
});
