import type { CommandSpec } from './command.js';
import { completionCommands } from './commands/completion/specs.js';
import { explainCommands } from './commands/dep/explain-specs.js';
import { depCommands } from './commands/dep/specs.js';
import { deployCommands } from './commands/deploy/specs.js';
import { extCommands } from './commands/ext/specs.js';
import { keyCommands } from './commands/key/specs.js';
import { mirrorCommands } from './commands/mirror/specs.js';
import { registryCommands } from './commands/registry/specs.js';
import { trustCommands } from './commands/trust/specs.js';
import { workspaceCommands } from './commands/workspace/specs.js';

/** Every command, in the order that `prov --help` shows. Only data: no command's code is loaded here. */
export const commandTable: readonly CommandSpec[] = [
  ...extCommands,
  ...depCommands,
  ...explainCommands,
  ...workspaceCommands,
  ...deployCommands,
  ...mirrorCommands,
  ...keyCommands,
  ...trustCommands,
  ...registryCommands,
  ...completionCommands,
];
