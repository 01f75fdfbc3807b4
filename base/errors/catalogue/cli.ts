import { entries } from '../entry.js';

export const cliErrors = entries({
  CLI_OPTION_CONFLICT: {
    message: '{a} and {b} cannot be given together',
    hint: 'Leave one of them out.',
    exit: 'usage',
  },
  CLI_USAGE: {
    message: '{reason}',
    hint: 'Run the command with --help to see what it takes.',
    exit: 'usage',
  },
  CLI_REGISTRY_START_FAILED: {
    message: 'the registry did not start: {reason}',
    hint: 'Its log is {log}.',
    exit: 'failed',
  },
  CLI_REGISTRY_STOP_TIMEOUT: {
    message: 'the registry (process {pid}) did not stop within {seconds} seconds',
    hint: 'It may be finishing a large upload; try again, or end it with kill.',
    exit: 'failed',
  },
  CLI_REGISTRY_FOREIGN: {
    message: 'the registry at {url} (process {pid}) cannot be stopped: {reason}',
    hint: 'Another user started it; stop it as that user.',
    exit: 'permission',
  },
  CLI_FILE_EXISTS: {
    message: '{path} is already there',
    hint: 'Choose another name; prov never overwrites a key.',
    exit: 'conflict',
  },
});
