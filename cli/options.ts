import { ProvError } from '#base';

const MAX_PORT = 65_535;

/** A port number given on the command line; 0 asks for any free one. @throws CLI_USAGE */
export function portOption(value: unknown, name: string): number | undefined {
  if (value === undefined) return undefined;
  const port = Number(value);
  if (!Number.isInteger(port) || port < 0 || port > MAX_PORT)
    throw new ProvError('CLI_USAGE', {
      reason: `--${name} takes a port from 0 to ${MAX_PORT}, not "${String(value)}"`,
    });
  return port;
}

export function textOption(options: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

export function listOption(options: Readonly<Record<string, unknown>>, name: string): readonly string[] {
  const value = options[name];
  return Array.isArray(value) ? value.map(String) : [];
}

/** A whole number from 0 given on the command line. @throws CLI_USAGE */
export function countOption(value: unknown, name: string): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,9}$/.test(String(value)))
    throw new ProvError('CLI_USAGE', { reason: `--${name} takes a whole number, not "${String(value)}"` });
  return Number(value);
}

/** `KEY=VALUE` given any number of times; the first `=` divides. @throws CLI_USAGE */
export function pairsOption(values: readonly string[], flag: string): Readonly<Record<string, string>> {
  const pairs = values.map((text) => {
    const equals = text.indexOf('=');
    if (equals < 1) throw new ProvError('CLI_USAGE', { reason: `${flag} takes KEY=VALUE, not "${text}"` });
    return [text.slice(0, equals), text.slice(equals + 1)] as const;
  });
  return Object.fromEntries(pairs);
}
