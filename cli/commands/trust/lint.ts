import { resolve } from 'node:path';
import { counted, EXIT } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';

export async function run(context: CommandContext, { args }: CommandInput): Promise<CommandOutput> {
  const path = resolve(context.cwd, args[0]!);
  const { lintPolicy, readTrustPolicy } = await import('#trust');
  const policy = await readTrustPolicy(path, { signal: context.signal });
  const findings = lintPolicy(policy);
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const rows = findings.map(({ severity, code, text }) => [severity, code, text]);
  return {
    data: { policy: path, digest: policy.digest, errors, warnings: findings.length - errors, findings },
    text: [
      ...rows.map(([severity, code, text]) => `${severity}: ${text} [${code}]`),
      `${path}: ${counted(errors, 'error')}, ${counted(findings.length - errors, 'warning')}`,
    ].join('\n'),
    table: { columns: ['severity', 'code', 'text'], rows: rows as string[][] },
    ...(errors > 0 ? { exit: EXIT.failed } : {}),
  };
}
