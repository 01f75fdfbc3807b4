/** One way to sign in that a server offers. */
export interface Challenge {
  /** Lower case. */
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const PARAMETER = new RegExp(`^(${TOKEN})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))`, 's');
const SCHEME = new RegExp(`^(${TOKEN})(?:[ \\t]+|(?=,)|$)`);
const TOKEN68 = /^[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/;
const MAX_LENGTH = 16 * 1024;

/**
 * Every challenge of a `WWW-Authenticate` header (several headers joined by commas), in order. Quoted
 * commas are kept; what cannot be read is skipped.
 * @see RFC 9110, section 11.6.1
 */
export function parseChallenges(header: string | undefined): readonly Challenge[] {
  const out: { scheme: string; parameters: Map<string, string> }[] = [];
  let rest = (header ?? '').slice(0, MAX_LENGTH);
  for (;;) {
    rest = rest.replace(/^[\s,]+/, '');
    if (rest === '') return out;
    const parameter = PARAMETER.exec(rest);
    const current = out.at(-1);
    if (parameter && current) {
      const value = parameter[2]?.replace(/\\(.)/gs, '$1') ?? parameter[3] ?? '';
      const name = parameter[1]!.toLowerCase();
      if (!current.parameters.has(name)) current.parameters.set(name, value);
      rest = rest.slice(parameter[0].length);
      continue;
    }
    const scheme = SCHEME.exec(rest);
    if (!scheme) {
      rest = rest.replace(/^[^,]*/, '');
      continue;
    }
    out.push({ scheme: scheme[1]!.toLowerCase(), parameters: new Map() });
    rest = rest.slice(scheme[0].length);
    const opaque = PARAMETER.test(rest) || SCHEME.test(rest) ? null : TOKEN68.exec(rest);
    if (opaque) rest = rest.slice(opaque[0].length);
  }
}
