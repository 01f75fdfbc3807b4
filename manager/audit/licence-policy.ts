/** Which licences are accepted; an SPDX expression is accepted when a way to choose from it is. */
export interface LicencePolicy {
  /** Ids; empty = all that are not denied. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

/**
 * Whether an SPDX expression can be complied with under a policy: of `A OR B` one side, of `A AND B` both.
 * `WITH` belongs to the id before it. An unknown form is not accepted.
 * @see SPDX specification 2.3, annex D
 */
export function licenceAccepted(expression: string, policy: LicencePolicy): boolean {
  const tokens = expression.match(/\(|\)|[^\s()]+/g) ?? [];
  let at = 0;
  const atom = (): boolean => {
    const token = tokens[at++];
    if (token === '(') {
      const inside = either();
      if (tokens[at++] !== ')') throw new SyntaxError(expression);
      return inside;
    }
    if (token === undefined || /^(?:AND|OR|WITH|\))$/.test(token)) throw new SyntaxError(expression);
    let id = token;
    if (tokens[at] === 'WITH') {
      id = `${token} WITH ${tokens[at + 1]}`;
      at += 2;
    }
    return accepted(id, policy) || (id !== token && accepted(token, policy) && !policy.deny.includes(id));
  };
  const both = (): boolean => {
    let result = atom();
    while (tokens[at] === 'AND') {
      at++;
      const next = atom();
      result &&= next;
    }
    return result;
  };
  const either = (): boolean => {
    let result = both();
    while (tokens[at] === 'OR') {
      at++;
      const next = both();
      result ||= next;
    }
    return result;
  };
  try {
    return either() && at === tokens.length;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function accepted(id: string, { allow, deny }: LicencePolicy): boolean {
  return !deny.includes(id) && (allow.length === 0 || allow.includes(id));
}
