import type { Cause } from './cause.js';

/** The predicate of a fact about versions of one package: "is yanked (CVE…)", "has no build for …". */
export function describeCause(cause: Cause): string {
  switch (cause.type) {
    case 'platform':
      return `does not support ${cause.platform}`;
    case 'compatibility':
      return `needs prov ${cause.needs} (this is ${cause.provVersion})`;
    case 'yanked':
      return `was yanked${because(cause.reason)}`;
    case 'revoked':
      return `was revoked${because(cause.reason)}`;
    case 'prerelease':
      return 'is a pre-release, which the policy excludes';
    case 'too-new':
      return `was published on ${cause.publishedAt}, not before ${cause.publishedBefore}`;
    case 'age-unknown':
      return `has no signed time of publishing, which must be before ${cause.publishedBefore}`;
    case 'advisory':
      return `is affected by ${cause.advisory} (${cause.range})`;
    case 'locked':
      return `is not the locked ${cause.version}`;
    case 'selected':
      return `is not the selected ${cause.version}`;
    case 'taken':
      return 'is not taken';
    case 'at-least':
      return `is older than ${cause.version}`;
    case 'no-fallback':
      return `would take the place of ${cause.version}, which signatures: strict forbids`;
    case 'constraint':
      return `does not go with ${cause.target} outside ${cause.range}`;
    case 'refused':
      return `is refused by the trust policy: ${cause.reason}`;
    case 'malformed':
      return `cannot be used: ${cause.reason}`;
    case 'requirement':
      return `is required as ${cause.range}`;
    case 'dependency':
      return `depends on ${cause.target} ${cause.range}`;
    case 'conflict':
      return `conflicts with ${cause.target} ${cause.range}`;
    case 'offer':
      return `offers ${cause.capability} ${cause.version}`;
    case 'choice':
      return `may take ${cause.target}`;
    case 'exclusive':
      return `provides ${cause.capability}, which only one may`;
    case 'same-name':
      return `has the name ${cause.name}, as another does`;
  }
}

function because(reason: string | undefined): string {
  return reason === undefined ? '' : ` (${reason})`;
}
