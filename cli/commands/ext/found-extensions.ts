import { counted } from '#base';
import type { FindResult } from '#manager';
import type { CommandContext, CommandOutput } from '../../command.js';
import { formatTable } from '../../present/printer.js';

/** A list of extensions, and what could not be looked into. */
export function foundOutput(result: FindResult, none: string, context: CommandContext): CommandOutput {
  const { extensions, from, unsearched } = result;
  if (from === 'indexes' && extensions.length > 0)
    context.note('this registry keeps no catalogue of extensions: descriptions were not searched');
  if (unsearched.length > 0) {
    const [first] = unsearched;
    context.note(
      `${counted(unsearched.length, 'repository', 'repositories')} could not be looked into, for example ${first!.repository}: ${first!.reason}`,
    );
  }
  const table = {
    columns: ['name', 'registry', 'namespace', 'reference', 'kind', 'version', 'state'],
    rows: extensions.map(({ name, registry, namespace, reference, kind = '', version, state }) => {
      return [name, registry, namespace, reference, kind, version, state];
    }),
  };
  return { data: result, table, text: extensions.length === 0 ? none : formatTable(table) };
}
