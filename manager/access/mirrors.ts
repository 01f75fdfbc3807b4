import type { NetworkSettings } from '#workspace';
import type { TransportOptions } from '../context.js';

/** A mirror that a rule gives for a repository. */
export interface MirrorChoice {
  /** `host[:port]` of the mirror. */
  readonly registry: string;
  /** The repository as the mirror calls it. */
  readonly repository: string;
  /** `host[:port][/path]`, as the rule has it. */
  readonly location: string;
  /** Whether it may say what tags mean. */
  readonly tags: boolean;
  /** Where the rule stands. */
  readonly place: string;
}

interface Rule {
  readonly prefix: string;
  readonly location: string;
  readonly tags: boolean;
  readonly place: string;
}

/**
 * The mirrors of a repository, in the order in which they are asked: those of the command line, then those of
 * the longest configured prefix. In a mirror's name the location takes the place of the prefix.
 */
export function mirrorsFor(
  registry: string,
  repository: string | undefined,
  settings: NetworkSettings,
  flags: TransportOptions,
): readonly MirrorChoice[] {
  const full = repository === undefined ? registry : `${registry}/${repository}`;
  const given = (flags.mirrors ?? []).map(
    ({ prefix, location }): Rule => ({
      prefix: prefix ?? registry,
      location,
      tags: flags.mirrorTags === true,
      place: '--mirror',
    }),
  );
  const configured = settings.mirrors
    .map(
      ({ value, place }): Rule => ({
        ...value,
        tags: value.tags === 'mirror' || flags.mirrorTags === true,
        place,
      }),
    )
    .filter(({ prefix }) => covers(prefix, full));
  const longest = Math.max(0, ...configured.map(({ prefix }) => prefix.length));
  const rules = [
    ...given.filter(({ prefix }) => covers(prefix, full)),
    ...configured.filter(({ prefix }) => prefix.length === longest),
  ];
  return rules.flatMap(({ prefix, location, tags, place }) => {
    const [host, ...path] = `${location}${full.slice(prefix.length)}`.split('/');
    const name = path.join('/');
    if (repository !== undefined && (name === '' || (host === registry && name === repository))) return [];
    return [{ registry: host!, repository: name, location, tags, place }];
  });
}

function covers(prefix: string, full: string): boolean {
  return full === prefix || full.startsWith(`${prefix.replace(/\/$/, '')}/`);
}
