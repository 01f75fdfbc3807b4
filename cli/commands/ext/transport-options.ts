import type { OptionSpec } from '../../command.js';

/** How registries are spoken to, for every command that speaks to one. */
export const transportOptions: readonly OptionSpec[] = [
  { flags: '--plain-http', summary: 'speak http (automatic for loopback)' },
  { flags: '--insecure', summary: 'do not check TLS certificates' },
  { flags: '--ca-file <file>', summary: 'further certificates to trust (PEM)' },
];
