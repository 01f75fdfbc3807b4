import { resolve } from 'node:path';
import { counted, writeFileAtomic } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { managerContext } from '../ext/shared.js';
import { openCommandWorkspace } from './in-workspace.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const output = textOption(input.options, 'output');
  const workspace = await openCommandWorkspace(context, input);
  const { createSbom } = await import('#manager');
  const format = textOption(input.options, 'type') === 'spdx' ? 'spdx' : 'cyclonedx';
  const { text, extensions } = await createSbom({ workspace, format }, managerContext(context, input));
  if (output === undefined)
    return { data: { format, extensions, document: JSON.parse(text) as unknown }, text };
  const file = resolve(context.cwd, output);
  writeFileAtomic(file, text);
  return { data: { format, extensions, file }, text: `wrote ${file}: ${counted(extensions, 'extension')}` };
}
