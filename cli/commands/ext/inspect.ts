import { ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { toYaml } from '../../present/to-yaml.js';
import { managerContext, referenceArgument } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { options } = input;
  const reference = await referenceArgument(input.args[0]!, context, input);
  if (reference.type === 'directory')
    throw new ProvError('CLI_USAGE', {
      reason: 'inspect takes what is packed',
      hint: 'prov ext validate looks at a directory, prov ext inspect-artifact at a file.',
    });
  if (options['manifest'] === true && options['config'] === true)
    throw new ProvError('CLI_OPTION_CONFLICT', { a: '--manifest', b: '--config' });
  const { inspectReference, readRaw } = await import('#manager');
  if (options['manifest'] !== true && options['config'] !== true && options['raw'] !== true) {
    const result = await inspectReference(reference, managerContext(context, input));
    if (!('version' in result)) return { data: result, text: toYaml(result) };
    const { facts: _, ...shown } = result;
    return { data: result, text: toYaml(shown) };
  }
  const what = options['config'] === true ? 'config' : 'manifest';
  const { descriptor, bytes, ...found } = await readRaw(reference, what, managerContext(context, input));
  const text = Buffer.from(bytes).toString('utf8');
  if (options['raw'] === true)
    return { data: { reference: found.reference, descriptor, raw: text }, raw: bytes };
  const value = parsed(text);
  return {
    data: { reference: found.reference, descriptor, [what]: value },
    text: JSON.stringify(value, null, 2),
  };
}

/** A config may be anything; what is no JSON is shown as text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
