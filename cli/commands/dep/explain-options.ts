import type { ExplainForm } from '#manager';
import type { CommandInput, OptionSpec } from '../../command.js';
import { textOption } from '../../options.js';

export const explainOption: OptionSpec = {
  flags: '--explain <form>',
  summary: 'how it is told when there is no solution',
  choices: ['text', 'tree', 'json'],
};

export function explainForm({ options }: CommandInput): ExplainForm | undefined {
  return textOption(options, 'explain') as ExplainForm | undefined;
}
