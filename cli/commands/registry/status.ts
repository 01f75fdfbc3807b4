import { resolve } from 'node:path';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { portOption } from '../../options.js';
import { selectRegistries } from './record.js';

export async function run(context: CommandContext, { options }: CommandInput): Promise<CommandOutput> {
  const data = options['data'] === undefined ? undefined : resolve(context.cwd, String(options['data']));
  const records = selectRegistries(context.env, { data, port: portOption(options['port'], 'port') });
  const table = {
    columns: ['url', 'pid', 'data'],
    rows: records.map((record) => [record.url, String(record.pid), record.data]),
  };
  const running = records.map(({ url, port, pid, data: folder }) => ({ url, port, pid, data: folder }));
  return {
    data: { running },
    table,
    ...(records.length === 0 ? { text: 'no registry runs; prov registry start starts one' } : {}),
  };
}
