import { resolve } from 'node:path';
import { counted } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { formatTable } from '../../present/printer.js';
import { formatBytes } from '../ext/shared.js';

const SHORT_DIGEST = 'sha256:'.length + 12;

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { inspectBundle } = await import('#mirror');
  const result = await inspectBundle(resolve(context.cwd, input.args[0]!), { signal: context.signal });
  const { manifests, blobs, bytes } = result;
  const table = {
    columns: ['kind', 'name', 'version', 'reference', 'digest', 'attached'],
    rows: result.extensions.map((each) => [
      each.kind,
      each.name,
      each.version,
      each.reference,
      each.digest.slice(0, SHORT_DIGEST),
      String(each.attached),
    ]),
  };
  const counts = `${counted(result.extensions.length, 'extension')}, ${counted(manifests, 'manifest')}, ${counted(blobs, 'blob')}, ${formatBytes(bytes)}; every digest is right`;
  return { data: result, table, text: `${formatTable(table)}${counts}` };
}
