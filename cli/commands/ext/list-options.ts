import type { OptionSpec } from '../../command.js';

/** `--from-file`: what one says on the command line, one a line. */
export function fromFileOption(what: string): OptionSpec {
  return {
    flags: '--from-file <file>',
    summary: `${what} from a file, one a line; - is standard input, # begins a comment`,
  };
}

export const keepGoingOption: OptionSpec = {
  flags: '--keep-going',
  summary: 'go on after a failure; exit code 10 when something failed',
};
