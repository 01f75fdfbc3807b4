import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { ProvError } from '#base';
import type { CommandContext, CommandInput } from '../../command.js';
import { textOption } from '../../options.js';

const MAX_BYTES = 1024 * 1024;

/**
 * What the arguments and `--from-file` name, in their order, each once.
 * @throws CLI_USAGE when the file names nothing, or standard input is asked for two things
 */
export async function namedThings(
  args: readonly (string | undefined)[],
  context: CommandContext,
  { options }: CommandInput,
): Promise<readonly string[]> {
  const file = textOption(options, 'fromFile');
  if (file === '-' && options['key'] === '-')
    throw new ProvError('CLI_USAGE', { reason: 'standard input is either --from-file or --key' });
  const given = args.filter((each) => each !== undefined);
  const listed = file === undefined ? [] : linesOf(await textOf(file, context));
  const all = [...new Set([...given, ...listed])];
  if (all.length > 0) return all;
  throw new ProvError('CLI_USAGE', { reason: `${file} names nothing` });
}

function linesOf(text: string): readonly string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/(?:^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
}

async function textOf(file: string, { cwd }: CommandContext): Promise<string> {
  const path = resolve(cwd, file);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of (file === '-'
      ? process.stdin
      : createReadStream(path)) as AsyncIterable<Buffer>) {
      size += chunk.byteLength;
      if (size > MAX_BYTES)
        throw new ProvError('BASE_LIMIT_EXCEEDED', { what: file, limit: MAX_BYTES, unit: 'bytes' });
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof ProvError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ENOENT'
      ? new ProvError('BASE_FILE_MISSING', { path })
      : new ProvError('BASE_FILE_UNREADABLE', { path, reason: code ?? String(error) }, { cause: error });
  }
  return Buffer.concat(chunks).toString('utf8');
}
