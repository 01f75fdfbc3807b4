import type { Cause } from './cause.js';
import type { Proof } from './proof.js';

/** At most one hint for each type of cause, in the order of the facts. */
export function hintsOf(proof: Proof): string[] {
  const hints = new Map<string, string>();
  for (const { cause } of proof.facts) {
    const hint = hintOf(cause);
    if (hint !== undefined && !hints.has(hint.about)) hints.set(hint.about, hint.text);
  }
  return [...hints.values()];
}

function hintOf(cause: Cause): { about: string; text: string } | undefined {
  const about = (text: string, what: string = cause.type) => ({ about: what, text });
  switch (cause.type) {
    case 'requirement':
      return shortageHint(cause);
    case 'dependency':
      return shortageHint(cause);
    case 'yanked':
      return about('A yanked version can still be used by requiring exactly that version.');
    case 'revoked':
      return about('A revoked version is dangerous and cannot be used; take another one.');
    case 'prerelease':
      return about('Allow pre-releases with resolution.prerelease, or require the version exactly.');
    case 'platform':
      return about(`Leave ${cause.platform} out of resolution.platforms, or use a version that supports it.`);
    case 'compatibility':
      return about(`Another prov is needed: ${cause.needs} (this is ${cause.provVersion}).`);
    case 'too-new':
      return about(
        `Versions published after ${cause.publishedBefore} are too young; wait, or use an older one.`,
      );
    case 'age-unknown':
      return about(
        'Have the time of publishing signed, or exempt the package with resolution.min_age_exempt.',
      );
    case 'advisory':
      return about(`Look up ${cause.advisory}; a version outside ${cause.range} is not affected.`);
    case 'locked':
      return about('The lock holds the version; prov dep update lets it move.');
    case 'no-fallback': {
      if (cause.alternative === undefined) return undefined;
      const { name, version } = cause.alternative;
      const instead = version === undefined ? `no ${name}` : `${name} ${version}`;
      return about(`With signatures: prefer, ${instead} would be taken instead.`);
    }
    case 'constraint':
      return about(`Use ${cause.target} ${cause.range}, or leave it out.`);
    case 'refused':
      return about('Have the version signed by somebody whom config/trust-policy.yaml accepts.');
    case 'malformed':
      return about('Its publisher must publish a corrected version.');
    case 'exclusive':
      return about(`Require only one provider of ${cause.capability}.`);
    case 'same-name':
      return about('Require it from one place only.');
    case 'conflict':
      return about('Use a version outside the declared conflict, or only one of the two.');
    case 'offer':
    case 'choice':
    case 'selected':
    case 'taken':
    case 'at-least':
      return undefined;
  }
}

function shortageHint({
  available,
  target,
  overridden,
}: Extract<Cause, { type: 'requirement' | 'dependency' }>) {
  if (overridden !== undefined)
    return { about: 'overridden', text: `An override decides the range of ${target}; change or remove it.` };
  if (available === undefined) return undefined;
  if (available.offline === true)
    return {
      about: 'offline',
      text: 'Only this machine was asked; without --offline the registry is asked too.',
    };
  if (available.versions.length > 0) return undefined;
  const place = available.location.replace(/^registry /, '');
  return { about: 'missing', text: `Check the name ${target}, its namespace and the registry ${place}.` };
}
