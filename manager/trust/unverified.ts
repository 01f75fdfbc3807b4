import { counted } from '#base';
import { isRemoteEntry, type LockEntry } from '#schemas';
import type { TrustPolicy, Verdict } from '#trust';
import type { ManagerContext } from '../context.js';

/** Names in one line; the rest is counted. */
const NAMED = 5;

/**
 * Tells of content that is used although nothing was proven about it, where the policy says to warn: `unverified`, which
 * people see, or `detail` where `tellUnverified` says it of all together.
 */
export function tellVerdict(
  { verified, mode, explanation, warnings }: Verdict,
  { name, version }: { readonly name: string; readonly version: string },
  { onEvent }: ManagerContext,
  explained: 'unverified' | 'warning' = 'unverified',
): void {
  const tell = (event: string, doubt: string) =>
    onEvent?.({ event, message: `${name} ${version}: ${doubt}`, extensions: [{ name, version }] });
  if (!verified && mode === 'warn') tell(explained, explanation);
  for (const { text } of warnings) tell('unverified', text);
  if (!verified && mode === 'audit') tell('audited', explanation);
}

/** The same for locked extensions: the lock names no signer of what nobody was proven to have signed. */
export function tellUnverified(
  entries: readonly LockEntry[],
  policy: TrustPolicy,
  { onEvent }: ManagerContext,
): void {
  if (!policy.layers.some(({ rules }) => rules.some(({ mode }) => mode === 'warn'))) return;
  const extensions = entries
    .filter((entry) => isRemoteEntry(entry) && entry.signer === undefined)
    .map(({ name, version }) => ({ name, version }));
  if (extensions.length === 0) return;
  const names = extensions.slice(0, NAMED).map(({ name, version }) => `${name} ${version}`);
  const more = extensions.length > NAMED ? ` and ${extensions.length - NAMED} more` : '';
  const what = counted(extensions.length, 'extension is', 'extensions are');
  onEvent?.({
    event: 'unverified',
    message: `${what} used unverified: ${names.join(', ')}${more}`,
    extensions,
  });
}
