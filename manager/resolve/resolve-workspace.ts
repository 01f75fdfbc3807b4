import { counted, ProvError } from '#base';
import { type PlanChange, planDiff } from '#resolver';
import { formatLock, isLocalEntry, type Lock, parseLock } from '#schemas';
import type { Workspace } from '#workspace';
import type { ManagerContext } from '../context.js';
import type { Intent } from '../explain/intent.js';
import type { ExplainForm } from '../explain/unresolvable.js';
import { installLock } from '../install/install-lock.js';
import { isVouched, vouchFor } from '../lock/vouched-lock.js';
import type { Contents } from '../metadata/contents.js';
import type { Learned } from '../metadata/learned-source.js';
import { withContents } from '../metadata/with-contents.js';
import { tellUnverified } from '../trust/unverified.js';
import { unsignedDenial, type WorkspacePolicy } from '../trust/workspace-policy.js';
import { readLockText, writeLockText } from './lock-file.js';
import { type FitPlace, fitPlace, isCurrent, lockContradictions, lockDifferences } from './lock-fit.js';
import { resolutionOptions } from './resolution-options.js';
import { solveTrusted } from './solve-trusted.js';
import { solve } from './solve-workspace.js';
import { agesAreTold, toldAgeDifferences } from './told-ages.js';
import { updateSolution } from './update-solution.js';
import type { WorkspaceRegistries } from './workspace-registries.js';

/** What an update is to move: everything, or only these names, one of them perhaps to a given version. */
export interface UpdateRequest {
  readonly names?: readonly string[] | undefined;
  readonly to?: string | undefined;
}

export interface ResolveWorkspaceOptions {
  readonly workspace: Workspace;
  /** Fail unless the lock fits the requirements as it is. */
  readonly locked?: boolean | undefined;
  /** Install what the lock says without a look at the requirements. */
  readonly frozen?: boolean | undefined;
  /** Prefer newer versions to the locked ones. */
  readonly update?: UpdateRequest | undefined;
  /** A lock whose choices are kept where possible instead of the one in the file, which is not read. */
  readonly prefer?: Lock | undefined;
  readonly install?: boolean | undefined;
  readonly allowLocal?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
  /** How it is told when there is no solution. Default: as text. */
  readonly explain?: ExplainForm | undefined;
  /** What the command is about to do, when there is no solution. */
  readonly intent?: Intent | undefined;
  /** Asked once when changes are risky; no answer but true lets them happen. Default: they do. */
  readonly confirm?: ((changes: readonly PlanChange[]) => Promise<boolean>) | undefined;
  /** Called when nothing can fail any more but writing: what belongs to the lock is written with it. */
  readonly beforeWrite?: (() => Promise<void>) | undefined;
}

export interface ResolveWorkspaceResult {
  readonly lockFile: string;
  readonly lock: Lock;
  /** False when the lock was current and nothing was solved. */
  readonly resolved: boolean;
  readonly lockChanged: boolean;
  readonly changes: readonly PlanChange[];
  /** Extensions that were fetched and unpacked by this call. */
  readonly installed: readonly string[];
  readonly requests: Readonly<Record<string, number>>;
}

/**
 * Chooses versions for everything a workspace asks for, locks them, and installs them after checking the
 * signatures. A lock that still fits is kept as it is. On any failure the old lock and the old installs stay.
 * @throws MANAGER_UNRESOLVABLE, MANAGER_LOCK_STALE, MANAGER_LOCK_MISSING, MANAGER_LOCK_LOOPBACK,
 *   MANAGER_LOCK_LOCAL, MANAGER_PATH_REQUIREMENT, MANAGER_PLAN_DECLINED, TRUST_REFUSED
 */
export async function resolveWorkspace(
  options: ResolveWorkspaceOptions,
  context: ManagerContext,
): Promise<ResolveWorkspaceResult> {
  const { workspace } = options;
  const text = options.prefer === undefined ? await readLockText(workspace.lockFile) : undefined;
  if (options.frozen && text === undefined)
    throw new ProvError('MANAGER_LOCK_MISSING', { path: workspace.lockFile });
  const before = options.prefer ?? (text === undefined ? undefined : parseLock(text, workspace.lockFile));
  const fit = await fitPlace(workspace, before, context);
  const { policy } = fit;
  if (options.locked || options.frozen) assertNoDirectories(before, workspace);
  if (options.locked) assertFits(before, fit);
  if (options.frozen) assertUncontradicted(before, fit);
  const { fits, vouched, asksAges } = await standingOf({ before, text, fit, options }, context);
  if (fits && !asksAges && (options.dryRun === true || options.install === false)) {
    if (options.dryRun !== true) await options.beforeWrite?.();
    const unchanged = { resolved: false, lockChanged: false, changes: [], installed: [], requests: {} };
    return { lockFile: workspace.lockFile, lock: before!, ...unchanged };
  }
  return withContents({ workspace, context }, async ({ registries, contents, requests }) => {
    const young = asksAges ? await toldAgeDifferences(before!, { workspace, registries }, context) : [];
    if (options.locked && young.length > 0) throw stale(young);
    const kept = fits && young.length === 0;
    const planning = { options, policy, registries, contents };
    const { lock, changes } = kept ? { lock: before!, changes: [] } : await plan(before, planning, context);
    const lockChanged = !kept && (before === undefined || changes.length > 0);
    const result = { lockFile: workspace.lockFile, lock, resolved: !kept, changes };
    if (options.dryRun) return { ...result, lockChanged, installed: [], requests: { ...requests } };
    const risky = changes.filter(({ risks }) => risks !== undefined);
    if (risky.length > 0 && options.confirm !== undefined && !(await options.confirm(changes)))
      throw new ProvError('MANAGER_PLAN_DECLINED', { count: risky.length });
    // What comes with a workspace, trees included, does not prove a lock. Offline, what is here has to do.
    const reverify =
      options.locked === true || policy.demanding || (kept && !vouched && context.offline !== true);
    const samePolicy = reverify && lock.policy.trustPolicy === policy.digest;
    // What was just solved need not be solved again, nor what was held against its contents before.
    const sound = !kept || (vouched && options.locked !== true && options.frozen !== true);
    const place = { workspace, lock, policy: policy.policy, registries, contents };
    const request = { ...place, reverify, samePolicy, sound };
    const installed = options.install === false ? [] : await installLock(request, context);
    tellUnverified(lock.extensions, policy.policy, context);
    if (!kept && options.prefer === undefined) await assertUnchanged(workspace, text);
    await options.beforeWrite?.();
    const written = kept ? text : formatLock(lock);
    const wrote = !kept && (await writeLockText(workspace.lockFile, written!));
    const proven = !kept || (reverify && options.install !== false && options.frozen !== true);
    if (proven && !vouched) vouchFor(workspace, written!, context);
    return { ...result, lockChanged: wrote, installed, requests: { ...requests } };
  });
}

/** What somebody else put there in the meantime is not overwritten. @throws WORKSPACE_FILE_CHANGED */
async function assertUnchanged({ lockFile }: Workspace, text: string | undefined): Promise<void> {
  if ((await readLockText(lockFile)) !== text)
    throw new ProvError('WORKSPACE_FILE_CHANGED', { path: lockFile });
}

interface ReadLock {
  readonly before: Lock | undefined;
  /** Of the file. */
  readonly text: string | undefined;
  readonly fit: FitPlace;
  readonly options: ResolveWorkspaceOptions;
}

interface Standing {
  /** It is kept as it is, unless something is too young. */
  readonly fits: boolean;
  /** It was held against all that it names before. */
  readonly vouched: boolean;
  /** What the registries say of times of publication is not known yet. */
  readonly asksAges: boolean;
}

async function standingOf(
  { before, text, fit, options }: ReadLock,
  context: ManagerContext,
): Promise<Standing> {
  const { workspace, locked = false, frozen = false, update, prefer } = options;
  const renewed = update !== undefined || prefer !== undefined;
  const fits = before !== undefined && (frozen || locked || (!renewed && isCurrent(before, fit)));
  if (!fits || text === undefined) return { fits, vouched: false, asksAges: false };
  const told = agesAreTold(workspace);
  const installs = options.install !== false && options.dryRun !== true;
  const vouched = (installs || told) && (await isVouched(workspace, text, context));
  return { fits, vouched, asksAges: !frozen && (locked || !vouched) && told };
}

/** @throws MANAGER_LOCK_STALE with every difference and the place that explains it. */
export function assertFits(lock: Lock | undefined, place: FitPlace): asserts lock is Lock {
  const differences = lock === undefined ? ['there is none'] : lockDifferences(lock, place);
  if (differences.length > 0) throw stale(differences);
}

function stale(differences: readonly string[]): ProvError {
  return new ProvError('MANAGER_LOCK_STALE', { reason: differences.join('; '), differences });
}

/**
 * What a frozen lock must be whatever the workspace asks for: without contradictions, and of directories only those
 * that the workspace names, as they were.
 */
function assertUncontradicted(lock: Lock | undefined, place: FitPlace): asserts lock is Lock {
  const differences = lock === undefined ? ['there is none'] : lockContradictions(lock, place);
  if (differences.length > 0) throw stale(differences);
}

/** What nobody can have signed, and nobody else has. @throws MANAGER_LOCK_LOCAL where unsigned content is refused */
function assertNoDirectories(lock: Lock | undefined, workspace: Workspace): void {
  const why = unsignedDenial(workspace);
  if (why === undefined) return;
  const local = lock?.extensions.filter(isLocalEntry) ?? [];
  if (local.length === 0) return;
  const list = local.map(({ kind, name, source }) => `${kind} ${name} from ${source.path}`).join(', ');
  throw new ProvError('MANAGER_LOCK_LOCAL', { why, list });
}

interface Planning {
  readonly options: ResolveWorkspaceOptions;
  readonly policy: WorkspacePolicy;
  readonly registries: WorkspaceRegistries;
  readonly contents: Contents;
}

async function plan(
  before: Lock | undefined,
  { options, policy, registries, contents }: Planning,
  context: ManagerContext,
): Promise<{ lock: Lock; changes: readonly PlanChange[] }> {
  const { workspace, update, allowLocal } = options;
  context.onEvent?.({
    event: 'resolving',
    message: `resolving ${counted(workspace.requirements.length, 'requirement')}`,
  });
  const place = { workspace, policy, registries, contents, allowLocal, before };
  const { explain, intent } = options;
  const telling = { workspace, explain, intent, names: registries.names };
  const learned = new Map<string, Learned>();
  const move = before === undefined ? undefined : update?.names;
  const keep = update === undefined || move !== undefined ? before : undefined;
  const asked = resolutionOptions({ workspace, registries, keep, learned }, context);
  const trusted = { options: asked, learned, place, telling };
  if (before === undefined || move === undefined) {
    const find = async () => ({ solution: await solve(asked, telling) });
    const { lock } = await solveTrusted({ ...trusted, find }, context);
    return { lock, changes: planDiff(before, lock) };
  }
  const { names } = registries;
  const find = () =>
    updateSolution({ workspace, explain, names, options: asked, lock: before, move, to: update?.to });
  const { lock, reasons } = await solveTrusted({ ...trusted, find }, context);
  const changes = planDiff(before, lock).map((change) => {
    const reason = reasons.get(change.name);
    return reason === undefined ? change : { ...change, reason };
  });
  return { lock, changes };
}
