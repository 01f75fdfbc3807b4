import { type PackageId, type PackageMetadata, type VersionFacts, withoutAlias } from '#resolver';
import type { RegistrySource } from './registry-source.js';

/** What reading a version showed that its metadata cannot be asked for. */
export interface Learned {
  /** Why the trust policy refuses it. */
  readonly refused?: string;
  /** When somebody whom the trust policy accepts says it was published; undefined when nobody does. */
  readonly publishedAt?: string | undefined;
}

export type LearnedFacts = ReadonlyMap<string, Learned>;

/** Before its signatures were read, a version of which nobody says when it was published is taken for this old. */
const LONG_AGO = '1970-01-01T00:00:00.000Z';

export function learnedKey(id: PackageId, version: string): string {
  return `${withoutAlias(id)}@${version}`;
}

/**
 * A source with what reading versions showed until it is asked. With `signedTimes`, the time that a registry says of a version not yet
 * read counts as if it were signed: whoever chooses it reads it, learns the truth, and chooses again.
 */
export function learnedSource<S extends RegistrySource>(
  source: S,
  learned: LearnedFacts,
  { signedTimes }: { readonly signedTimes: boolean },
): S {
  const facts = (id: PackageId, said: VersionFacts): VersionFacts => {
    const known = learned.get(learnedKey(id, said.version));
    const { refused } = known ?? {};
    if (!signedTimes && refused === undefined) return said;
    const publishedAt = known === undefined ? (said.publishedAt ?? LONG_AGO) : known.publishedAt;
    return {
      ...said,
      ...(signedTimes && { publishedAt, publishedAtSigned: publishedAt !== undefined }),
      ...(refused !== undefined && { refused }),
    };
  };
  const metadata = <T extends PackageMetadata | undefined>(id: PackageId, said: T): T =>
    said === undefined || (!signedTimes && learned.size === 0)
      ? said
      : {
          ...said,
          versions: said.versions.map((each) => (typeof each === 'string' ? each : facts(id, each))),
        };
  return {
    ...source,
    versions: async (id, options) => metadata(id, await source.versions(id, options)),
    facts: async (id, version, options) => facts(id, await source.facts(id, version, options)),
    closure: async (roots, options) =>
      new Map([...(await source.closure(roots, options))].map(([id, said]) => [id, metadata(id, said)])),
  };
}
