import type { LogicalRepository } from './repository-pattern.js';
import type { Mirror } from './trust-policy.js';

/**
 * Under which name content was signed: the longest mirror prefix that fits is replaced by what it is
 * `signedAs`; without one, the name stays as it is.
 */
export function logicalRepository(place: LogicalRepository, mirrors: readonly Mirror[]): LogicalRepository {
  const full =
    place.registry === undefined ? place.repository : `${place.registry.toLowerCase()}/${place.repository}`;
  const fitting = mirrors.filter(({ prefix }) => full === prefix || full.startsWith(`${prefix}/`));
  const mirror = fitting.sort((a, b) => b.prefix.length - a.prefix.length)[0];
  if (mirror === undefined) return place;
  return splitHost(mirror.signedAs + full.slice(mirror.prefix.length));
}

function splitHost(text: string): LogicalRepository {
  const slash = text.indexOf('/');
  const first = slash < 0 ? '' : text.slice(0, slash);
  return first === 'localhost' || /[.:]/.test(first)
    ? { registry: first, repository: text.slice(slash + 1) }
    : { repository: text };
}
