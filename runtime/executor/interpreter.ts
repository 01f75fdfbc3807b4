import { accessSync, constants } from 'node:fs';
import { delimiter, extname, isAbsolute, join } from 'node:path';
import { ProvError } from '#base';

/** Programs that run scripts, where they are not the usual ones. */
export interface Interpreters {
  /** The `nu` binary itself; its npm wrapper reports success for a killed script. */
  readonly nu?: string | undefined;
  readonly python?: string | undefined;
}

/**
 * The command line that runs a script, by its ending.
 * @throws RUNTIME_INTERPRETER_UNKNOWN, RUNTIME_INTERPRETER_MISSING
 */
export function scriptCommand(script: string, interpreters: Interpreters = {}): readonly string[] {
  switch (extname(script)) {
    case '.sh':
      return [locate('sh', script), script];
    case '.mjs':
    case '.js':
      return [process.execPath, script];
    case '.py':
      return [locate(interpreters.python ?? 'python3', script), script];
    case '.nu':
      return [locate(interpreters.nu ?? 'nu', script), '--no-config-file', '--no-std-lib', '--stdin', script];
    default:
      throw new ProvError('RUNTIME_INTERPRETER_UNKNOWN', { script });
  }
}

function locate(command: string, script: string): string {
  if (isAbsolute(command)) {
    if (isExecutable(command)) return command;
    throw new ProvError('RUNTIME_INTERPRETER_MISSING', {
      command,
      script,
      reason: 'it is not an executable file',
    });
  }
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(directory, command);
    if (directory !== '' && isExecutable(path)) return path;
  }
  throw new ProvError('RUNTIME_INTERPRETER_MISSING', { command, script, reason: 'it is not on the PATH' });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
