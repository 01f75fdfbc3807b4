import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { PackageSource } from '#manager';
import type { CommandContext, CommandInput } from '../../command.js';
import { referenceArgument } from './shared.js';

/**
 * An argument that may be a path or a reference: what is there as a path is one, and so is what has neither
 * a tag, a digest nor a scheme.
 */
export async function packageArgument(
  text: string,
  context: CommandContext,
  input: CommandInput,
): Promise<PackageSource> {
  const path = resolve(context.cwd, text);
  if (existsSync(path) || !/[:@]/.test(text)) {
    const { packageAt } = await import('#manager');
    return packageAt(path);
  }
  return referenceArgument(text, context, input);
}
