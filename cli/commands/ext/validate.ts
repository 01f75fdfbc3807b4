import { resolve } from 'node:path';
import { EXIT } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { provVersion } from '../../version.js';

export async function run(context: CommandContext, { args }: CommandInput): Promise<CommandOutput> {
  const { validateExtension } = await import('#oci');
  const dir = resolve(context.cwd, args[0]!);
  const findings = await validateExtension(dir, { provVersion: provVersion() });
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const lines = findings.flatMap(({ severity, code, message, hint }) => [
    `${severity} ${code}: ${message}`,
    ...(hint === '' ? [] : [`  hint ${hint}`]),
  ]);
  const verdict = errors === 0 ? `${dir} is valid` : `${dir} has ${errors} error${errors === 1 ? '' : 's'}`;
  return {
    data: { valid: errors === 0, dir, findings },
    text: [...lines, verdict].join('\n'),
    ...(errors === 0 ? {} : { exit: EXIT.configuration }),
  };
}
