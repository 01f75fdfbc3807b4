/** Versions and ranges of every shape that npm knows, close enough together to meet often. */
export function randomVersion(below: (limit: number) => number): string {
  const part = (): string => String(below(4));
  const tag = (): string =>
    below(3) === 0
      ? `-${['alpha', 'beta', 'rc', '0', '1', 'a-b'][below(6)]}${below(2) === 0 ? `.${below(3)}` : ''}`
      : '';
  return `${part()}.${part()}.${part()}${tag()}${below(12) === 0 ? `+b${below(2)}` : ''}`;
}

export function randomRange(below: (limit: number) => number): string {
  const part = (): string => String(below(4));
  const operators = ['', '^', '~', '>', '>=', '<', '<=', '='];
  const comparator = (): string => {
    const version = randomVersion(below);
    const partial = [
      version,
      version,
      `${part()}.${part()}`,
      part(),
      `${part()}.x`,
      `${part()}.${part()}.*`,
      '*',
    ];
    return `${operators[below(operators.length)]}${partial[below(partial.length)]}`;
  };
  const list = (): string => {
    if (below(8) === 0) return `${randomVersion(below)} - ${randomVersion(below)}`;
    return Array.from({ length: 1 + below(2) }, comparator).join(' ');
  };
  return Array.from({ length: 1 + below(2) }, list).join(' || ');
}
