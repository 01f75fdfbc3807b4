import type { CommandSpec } from '../../command.js';
import { accessCommands } from './access-specs.js';
import { authorCommands } from './author-specs.js';
import { lifecycleCommands } from './lifecycle-specs.js';
import { readerCommands } from './reader-specs.js';
import { transferCommands } from './transfer-specs.js';

/** `prov oci …` means the same as `prov ext …`. */
function both(spec: CommandSpec): CommandSpec {
  const [group, ...rest] = spec.path;
  if (group !== 'ext') return spec;
  return { ...spec, aliases: [['oci', ...rest], ...(spec.aliases ?? [])] };
}

/** A list for each subject, in the order of the help. */
export const extCommands: readonly CommandSpec[] = [
  ...authorCommands,
  ...lifecycleCommands,
  ...readerCommands,
  ...transferCommands,
  ...accessCommands,
].map(both);
