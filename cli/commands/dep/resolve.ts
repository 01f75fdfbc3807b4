import { ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { managerContext } from '../ext/shared.js';
import { openCommandWorkspace } from './in-workspace.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { options } = input;
  if (options['locked'] === true && options['update'] === true)
    throw new ProvError('CLI_OPTION_CONFLICT', { a: '--locked', b: '--update' });
  const workspace = await openCommandWorkspace(context, input);
  const { resolveWorkspace } = await import('#manager');
  const locked =
    options['locked'] === true ||
    (context.env['CI'] === 'true' && options['update'] !== true && workspace.mode === 'cicd');
  const dryRun = options['dryRun'] === true;
  const result = await resolveWorkspace(
    {
      workspace,
      locked,
      update: options['update'] === true,
      install: options['install'] !== false,
      allowLocal: options['allowLocal'] === true,
      dryRun,
    },
    managerContext(context, input),
  );
  const extensions = result.lock.extensions.map(({ kind, name, version, manifest, signer }) => ({
    kind,
    name,
    version,
    digest: manifest.digest,
    ...(signer === undefined ? {} : { signer: signer.identity }),
  }));
  const { lockFile, resolved, lockChanged, changes, installed, requests } = result;
  const skipped = result.lock.extensions.flatMap((entry) =>
    (entry.skipped ?? []).map(
      ({ name, range, reason }) => `skipped ${name} ${range}, optional for ${entry.name}: ${reason}`,
    ),
  );
  const state = dryRun
    ? lockChanged
      ? 'the lock would change'
      : 'the lock would stay as it is'
    : lockChanged
      ? `wrote ${lockFile}`
      : 'the lock is current';
  const lines = [
    ...changes.map(
      ({ change, kind, name, from, to }) =>
        `${change} ${kind} ${name} ${[from, to].filter(Boolean).join(' → ')}`,
    ),
    ...skipped,
    state,
    ...(dryRun ? [] : [`${installed.length} installed, ${extensions.length} locked`]),
  ];
  return {
    data: { lockFile, resolved, lockChanged, changes, installed, requests, extensions },
    text: lines.join('\n'),
    table: {
      columns: ['kind', 'name', 'version', 'digest', 'signer'],
      rows: extensions.map((each) => [
        each.kind,
        each.name,
        each.version,
        each.digest.slice(0, 19),
        each.signer ?? '-',
      ]),
    },
  };
}
