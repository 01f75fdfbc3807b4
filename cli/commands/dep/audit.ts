import { EXIT } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { listOption } from '../../options.js';
import { formatTable } from '../../present/printer.js';
import { managerContext } from '../ext/shared.js';
import { openCommandWorkspace } from './in-workspace.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { options } = input;
  const workspace = await openCommandWorkspace(context, input);
  const { auditLock } = await import('#manager');
  const licences = { allow: listOption(options, 'allowLicense'), deny: listOption(options, 'denyLicense') };
  const result = await auditLock({ workspace, licences }, managerContext(context, input));
  const { findings, extensions } = result;
  const table = {
    columns: ['severity', 'finding', 'kind', 'name', 'version', 'detail', 'required by'],
    rows: findings.map(({ severity, finding, kind, name, version, detail, requiredBy }) => [
      severity,
      finding,
      kind,
      name,
      version,
      detail,
      requiredBy.join(', '),
    ]),
  };
  return {
    data: result,
    text:
      findings.length === 0
        ? `nothing is known against ${extensions} locked extensions`
        : `${formatTable(table)}${findings.length} findings in ${extensions} locked extensions`,
    table,
    ...(findings.length > 0 && options['exitCode'] === true ? { exit: EXIT.differences } : {}),
  };
}
