import { ProvError } from '#base';
import { isExtensionName, type Kind, parseKind, parseRange, splitRepository } from '#schemas';

export interface NamedRequirement {
  readonly kind: Kind;
  readonly name: string;
  /** When it is not in the registry's own namespace. */
  readonly namespace?: string;
  readonly range: string;
}

/** Reads `KIND/NAME[@RANGE]`, where KIND may be short or plural and NAME may have a namespace before it. */
export function parseRequirement(text: string): NamedRequirement {
  const slash = text.indexOf('/');
  if (slash < 0)
    throw new ProvError('CLI_USAGE', {
      reason: `"${text}" is not a requirement`,
      hint: 'Write KIND/NAME@RANGE, for example taskserv/redis@^7.',
    });
  return requirementOf(parseKind(text.slice(0, slash)), text.slice(slash + 1));
}

/** The two arguments `KIND NAME[@RANGE]`, or both as one, `KIND/NAME[@RANGE]`. */
export function requirementArguments([first = '', second]: readonly (
  | string
  | undefined
)[]): NamedRequirement {
  return second === undefined ? parseRequirement(first) : requirementOf(parseKind(first), second);
}

export function requirementOf(kind: Kind, named: string): NamedRequirement {
  const at = named.indexOf('@');
  const { namespace, name } = splitRepository(at < 0 ? named : named.slice(0, at));
  if (!isExtensionName(name))
    throw new ProvError('SCHEMAS_NAME_INVALID', {
      value: name,
      what: 'extension name',
      suggestion: 'Use lower-case letters, digits and single . _ - between them.',
    });
  return {
    kind,
    name,
    ...(namespace === '' ? {} : { namespace }),
    range: at < 0 ? '*' : parseRange(named.slice(at + 1)),
  };
}
