import { counted, ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { formatTable } from '../../present/printer.js';
import { managerContext, referenceArgument } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const reference = await referenceArgument(input.args[0]!, context, input);
  if (reference.type === 'directory') throw new ProvError('CLI_USAGE', { reason: 'a directory has no tags' });
  const manager = managerContext(context, input);
  if (reference.type !== 'remote') {
    const { listTags } = await import('#manager');
    const result = await listTags(reference, manager);
    return { data: result, text: result.tags.join('\n') };
  }
  const { readPackage } = await import('#manager');
  const found = await readPackage(reference, manager);
  const all = input.options['all'] === true;
  const others = all ? [...found.otherTags, ...found.bookkeepingTags] : [];
  const table = {
    columns: ['artifact', 'version', 'reference', 'state', 'published'],
    rows: [
      ...found.versions.map(({ version, reference: where, state = '?', publishedAt = '-' }) => {
        return [found.name, version, where, state, publishedAt];
      }),
      ...others.map((tag) => [found.name, '-', `${found.repository}:${tag}`, '-', '-']),
    ],
  };
  const ignored = found.otherTags.length;
  if (!all && ignored > 0)
    context.note(
      `${counted(ignored, 'tag is', 'tags are')} no version (${found.otherTags.slice(0, 5).join(', ')}${ignored > 5 ? ', …' : ''}): --all shows ${ignored === 1 ? 'it' : 'them'}`,
    );
  for (const warning of found.warnings) context.note(`warning ${warning}`);
  const tags = [...found.versions.map(({ version }) => version.replaceAll('+', '_')), ...found.otherTags];
  const none = `${found.repository} has no version`;
  return {
    data: { ...found, tags },
    table,
    text: table.rows.length === 0 ? none : formatTable(table),
  };
}
