import { type PackageId, packageId } from '../package-id.js';
import type { Constraint, Override, Requirement } from '../requirement.js';
import type { ResolveOptions } from '../resolve-options.js';

/** One thing that a person may change so that there is a solution. */
export type Change =
  /** Ask for another range. */
  | { readonly type: 'require'; readonly requirement: Requirement; readonly range: string }
  /** Ask for another package in its place: the name was mistyped. */
  | { readonly type: 'rename'; readonly requirement: Requirement; readonly repository: string }
  /** Ask for it no more. */
  | { readonly type: 'drop'; readonly requirement: Requirement }
  /** Replace every range on a package, whoever asks. */
  | { readonly type: 'override'; readonly id: PackageId; readonly name: string; readonly range: string }
  | { readonly type: 'prerelease' }
  | { readonly type: 'platform'; readonly platform: string }
  /** Let a package leave the version that is locked. */
  | { readonly type: 'unlock'; readonly id: PackageId; readonly name: string }
  /** Apply no minimum age to one package. */
  | { readonly type: 'age-exempt'; readonly id: PackageId; readonly name: string }
  | { readonly type: 'age' }
  /** Hold a package to no range of the user's any more. */
  | { readonly type: 'unconstrain'; readonly constraint: Constraint }
  /** Use another prov. */
  | { readonly type: 'prov'; readonly version: string };

/** Where overrides come from that are only tried. */
const TRIED = { file: 'command line', layer: 'command line' } as const;

/** The same resolution after some changes. */
export function withChanges(options: ResolveOptions, changes: readonly Change[]): ResolveOptions {
  return changes.reduce(apply, options);
}

function apply(options: ResolveOptions, change: Change): ResolveOptions {
  switch (change.type) {
    case 'require':
      return {
        ...options,
        requirements: options.requirements.map((each) =>
          each === change.requirement ? { ...each, range: change.range } : each,
        ),
      };
    case 'rename':
      return {
        ...options,
        requirements: options.requirements.map((each) =>
          each === change.requirement ? { ...each, repository: change.repository } : each,
        ),
      };
    case 'drop':
      return { ...options, requirements: options.requirements.filter((each) => each !== change.requirement) };
    case 'override': {
      const colon = change.id.indexOf(':');
      const registry = change.id.slice(0, colon);
      const repository = change.id.slice(colon + 1);
      const override: Override = { registry, repository, range: change.range, origin: TRIED };
      const others = (options.overrides ?? []).filter(
        (each) => packageId(each.registry, each.repository) !== change.id,
      );
      return { ...options, overrides: [...others, override] };
    }
    case 'prerelease':
      return { ...options, prerelease: 'allow' };
    case 'platform':
      return { ...options, platforms: (options.platforms ?? []).filter((each) => each !== change.platform) };
    case 'unlock': {
      const preferred = new Map(options.preferred);
      preferred.delete(change.id);
      return { ...options, preferred };
    }
    case 'age-exempt':
      return { ...options, ageExempt: new Set([...(options.ageExempt ?? []), change.id]) };
    case 'unconstrain':
      return {
        ...options,
        constraints: (options.constraints ?? []).filter((each) => each !== change.constraint),
      };
    case 'age': {
      const { publishedBefore: _, ...rest } = options;
      return rest;
    }
    case 'prov':
      return { ...options, provVersion: change.version };
  }
}

/** The same for changes that are about the same thing: only one of them may be in a fix. */
export function subjectOf(change: Change): string {
  switch (change.type) {
    case 'require':
    case 'rename':
    case 'drop': {
      const { registry, repository, origin } = change.requirement;
      return `requirement ${registry}:${repository} ${origin.file}:${origin.line}`;
    }
    case 'override':
      return `override ${change.id}`;
    case 'platform':
      return `platform ${change.platform}`;
    case 'unlock':
    case 'age-exempt':
      return `${change.type} ${change.id}`;
    case 'unconstrain': {
      const { registry, repository, range } = change.constraint;
      return `constraint ${registry}:${repository} ${range}`;
    }
    default:
      return change.type;
  }
}
