import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { ProvError, registerSecret } from '#base';
import type { MirrorRule, TransportOptions } from '#manager';
import type { CommandContext, CommandInput } from '../command.js';
import { listOption, textOption } from '../options.js';

/** An input without options that mean something else on this command. */
export function withoutOptions(input: CommandInput, ...names: readonly string[]): CommandInput {
  const options = Object.fromEntries(Object.entries(input.options).filter(([name]) => !names.includes(name)));
  return { ...input, options };
}

/** What the options of a command line say about connections; relative paths are below the working directory. */
export function transportOf(context: CommandContext, input: CommandInput): TransportOptions {
  const { options } = input;
  const certFile = path(context, options, 'tlsCert');
  const keyFile = path(context, options, 'tlsKey');
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new ProvError('CLI_USAGE', { reason: '--tls-cert and --tls-key belong together' });
  const caFiles = listOption(options, 'caFile').map((file) => resolve(context.cwd, file));
  return {
    namedRegistry: /^(?:[a-z]+:\/\/)?([^/]+)/i.exec(textOption(options, 'registry') ?? '')?.[1],
    ...(options['plainHttp'] === true ? { plainHttp: true } : {}),
    ...(options['insecure'] === true ? { insecure: true } : {}),
    ...(options['mirrorTags'] === true ? { mirrorTags: true } : {}),
    caFiles,
    ...(certFile === undefined || keyFile === undefined ? {} : { clientCert: { certFile, keyFile } }),
    resolve: new Map(listOption(options, 'resolve').map(addressOf)),
    headers: headersOf(context, listOption(options, 'header')),
    maxWaitMs: seconds(options, 'maxWait'),
    timeoutMs: seconds(options, 'timeout'),
    concurrency: count(options, 'concurrency'),
    trustedRealms: listOption(options, 'trustRealm').map((host) => host.toLowerCase()),
    mirrors: listOption(options, 'mirror').map(mirrorOf),
  };
}

function path(context: CommandContext, options: CommandInput['options'], name: string): string | undefined {
  const given = textOption(options, name);
  return given === undefined ? undefined : resolve(context.cwd, given);
}

const MAX_SECONDS = 7 * 24 * 3600;

function seconds(options: CommandInput['options'], name: string): number | undefined {
  const text = textOption(options, name);
  if (text === undefined) return undefined;
  const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(value > 0 && value <= MAX_SECONDS))
    throw usage(`--${flagOf(name)} takes a number of seconds up to ${MAX_SECONDS}, not "${text}"`);
  return value * 1000;
}

const MAX_CONCURRENCY = 64;

function count(options: CommandInput['options'], name: string): number | undefined {
  const text = textOption(options, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > MAX_CONCURRENCY)
    throw usage(`--${flagOf(name)} takes a number from 1 to ${MAX_CONCURRENCY}, not "${text}"`);
  return value;
}

function addressOf(text: string): [string, string] {
  const match = /^([^:\s]+):(\d{1,5}):\[?([^\]\s]+)\]?$/.exec(text);
  if (!match || isIP(match[3]!) === 0)
    throw usage(`--resolve takes HOST:PORT:ADDRESS with a numeric address, not "${text}"`);
  return [`${match[1]!.toLowerCase()}:${Number(match[2])}`, match[3]!];
}

/** Set by us or by the transport; another value would break the request or carry credentials past the rules. */
const RESERVED = [
  'authorization',
  'connection',
  'content-length',
  'cookie',
  'host',
  'proxy-authorization',
  'range',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

function headersOf(context: CommandContext, given: readonly string[]): Record<string, string> {
  const lines = given.flatMap((each) =>
    each.startsWith('@') ? headerLines(context, each.slice(1)) : [each],
  );
  return Object.fromEntries(
    lines.map((line) => {
      const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e]*)$/.exec(line);
      // The value may be a secret, so it is not repeated.
      if (!match) throw usage('--header takes "Name: value" in plain characters, or @FILE');
      const name = match[1]!.toLowerCase();
      if (RESERVED.includes(name))
        throw usage(
          `--header cannot set ${name}${name === 'authorization' ? '; sign in with prov login' : ''}`,
        );
      registerSecret(match[2]!);
      return [name, match[2]!];
    }),
  );
}

function headerLines(context: CommandContext, file: string): string[] {
  const absolute = resolve(context.cwd, file);
  try {
    return readFileSync(absolute, 'utf8')
      .split(/\r?\n/)
      .filter((line) => line.trim() !== '');
  } catch (error) {
    const reason = (error as Error).message;
    throw new ProvError('BASE_FILE_UNREADABLE', { path: absolute, reason }, { cause: error });
  }
}

function mirrorOf(text: string): MirrorRule {
  const cut = text.indexOf('=');
  const [prefix, location] = cut < 0 ? [undefined, text] : [text.slice(0, cut), text.slice(cut + 1)];
  if (location === '' || prefix === '' || /[@\s?#]/.test(text))
    throw usage(`--mirror takes HOST[/PATH] or PREFIX=HOST[/PATH], not "${text}"`);
  return { prefix, location };
}

function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function usage(reason: string): ProvError {
  return new ProvError('CLI_USAGE', { reason });
}
