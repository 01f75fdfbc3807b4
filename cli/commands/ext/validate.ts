import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { counted, EXIT } from '#base';
import type { Finding } from '#oci';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { provVersion } from '../../version.js';
import { packageArgument } from './package-argument.js';
import { managerContext } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const given = input.args[0]!;
  const dir = resolve(context.cwd, given);
  const what = isPlainDirectory(dir) ? dir : given;
  const findings = await findingsOf(what, context, input);
  const errors = findings.filter(({ severity }) => severity === 'error');
  const warnings = findings.filter(({ severity }) => severity === 'warning');
  const verdict =
    errors.length === 0 ? `✓ ${what} is valid` : `✗ ${what} has ${counted(errors.length, 'error')}`;
  return {
    data: { valid: errors.length === 0, dir: what, findings },
    text: [verdict, ...section('Errors:', errors), ...section('Warnings:', warnings)].join('\n'),
    table: {
      columns: ['severity', 'code', 'message'],
      rows: findings.map(({ severity, code, message }) => [severity, code, message]),
    },
    ...(errors.length === 0 ? {} : { exit: EXIT.configuration }),
  };
}

/** The usual case, for which only the packer is loaded. */
function isPlainDirectory(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && !existsSync(join(path, 'oci-layout'));
}

async function findingsOf(
  what: string,
  context: CommandContext,
  input: CommandInput,
): Promise<readonly Finding[]> {
  if (isPlainDirectory(what)) {
    const { validateExtension } = await import('#oci');
    return validateExtension(what, { provVersion: provVersion() });
  }
  const source = await packageArgument(what, context, input);
  const { validatePackage } = await import('#manager');
  return validatePackage(source, managerContext(context, input));
}

function section(title: string, findings: readonly Finding[]): readonly string[] {
  if (findings.length === 0) return [];
  const lines = findings.flatMap(({ code, message, hint }) => [
    `  ${code}: ${message}`,
    ...(hint === '' ? [] : [`    hint ${hint}`]),
  ]);
  return [title, ...lines];
}
