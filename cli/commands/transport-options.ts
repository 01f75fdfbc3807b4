import type { OptionSpec } from '../command.js';

const GROUP = 'Connection options:';
const all: readonly OptionSpec[] = [
  { flags: '--plain-http', summary: 'speak http (automatic for loopback)' },
  { flags: '--insecure', summary: 'do not check TLS certificates' },
  { flags: '--ca-file <file>', summary: 'further certificates to trust (PEM)', repeatable: true },
  { flags: '--tls-cert <file>', summary: 'client certificate (PEM), shown to the registry only' },
  { flags: '--tls-key <file>', summary: 'its private key (PEM)' },
  {
    flags: '--resolve <host:port:address>',
    summary: 'connect to this address instead; the name stays in TLS and Host',
    repeatable: true,
  },
  {
    flags: '--header <header>',
    summary: '"Name: value" or @FILE of such lines, sent to the registry only',
    repeatable: true,
  },
  { flags: '--max-wait <seconds>', summary: 'longest Retry-After to obey (default: 300)' },
  { flags: '--timeout <seconds>', summary: 'longest wait for an answer (default: 60)' },
  {
    flags: '--concurrency <n>',
    summary: 'most requests at once; fewer when a host has enough (default: 16)',
  },
  {
    flags: '--trust-realm <host>',
    summary: 'accept this host as the new place where the registry signs users in',
    repeatable: true,
  },
  {
    flags: '--mirror <[prefix=]location>',
    summary: 'read from this mirror first (docs/spec/credentials.md)',
    repeatable: true,
  },
  { flags: '--mirror-tags', summary: 'let mirrors say what tags mean, too' },
];

/** How registries are spoken to: the same list on every command that uses the network. */
export const transportOptions: readonly OptionSpec[] = all.map((option) => ({ ...option, group: GROUP }));

/** The list without options that mean something else on this command. */
export function transportOptionsWithout(...names: readonly string[]): readonly OptionSpec[] {
  return transportOptions.filter(({ flags }) => !names.includes(flags.split(' ')[0]!));
}
