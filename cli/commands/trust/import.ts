import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { counted, EXIT, ProvError, writeFileAtomic } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { listOption, textOption } from '../../options.js';
import { namingKeyFile, readKeyFile } from '../ext/shared.js';

export async function run(context: CommandContext, { args, options }: CommandInput): Promise<CommandOutput> {
  const path = resolve(context.cwd, args[0]!);
  const output = textOption(options, 'output');
  const target = output === undefined ? undefined : resolve(context.cwd, output);
  if (target !== undefined && options['force'] !== true && existsSync(target))
    throw new ProvError('CLI_FILE_EXISTS', { path: target });
  const { IMPORT_FORMATS, importPolicy, loadPublicKey } = await import('#trust');
  const standIns = await Promise.all(
    listOption(options, 'key').map((key) => namingKeyFile(key, context, loadPublicKey)),
  );
  const { format, text, rules, notes } = await importPolicy(await readKeyFile(path, context), path, {
    format: IMPORT_FORMATS.find((each) => each === options['from']),
    standIns,
    readKey: (key) => readKeyFile(resolve(dirname(path), key), context),
  });
  if (target !== undefined) writeFileAtomic(target, text);
  const refused = notes.filter(({ effect }) => effect === 'refused').length;
  const told = `${counted(rules, 'rule')}, ${counted(notes.length, 'note')}, ${refused} about what is refused now`;
  const lines = notes.map(({ effect, at, text: what }) => `${effect}: ${at}: ${what}`);
  if (target === undefined) context.note(told);
  return {
    data: { format, source: path, policy: text, rules, refused, notes, ...(target && { written: target }) },
    text: target === undefined ? text.trimEnd() : [...lines, `${target}: ${told}`].join('\n'),
    ...(refused > 0 ? { exit: EXIT.partial } : {}),
  };
}
