import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { openCommandWorkspace } from '../dep/in-workspace.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { root, name, mode, registries, requirements, infras } = await openCommandWorkspace(context, input);
  const data = {
    root,
    name,
    mode,
    registries: registries.map(({ id, url, namespace }) => ({ id, url, namespace })),
    requirements: requirements.map(({ kind, name: extension, range, origin }) => ({
      kind,
      name: extension,
      range,
      file: origin.file,
      line: origin.line,
    })),
    infras,
  };
  return { data };
}
