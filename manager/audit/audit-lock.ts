import { packageId, type VersionFacts } from '#resolver';
import { isRemoteEntry, type Kind, type Lock, type LockEntry } from '#schemas';
import type { Workspace } from '#workspace';
import type { ManagerContext } from '../context.js';
import { lockedConfigs } from '../lock/locked-configs.js';
import { withContents } from '../metadata/with-contents.js';
import { requireLock } from '../resolve/lock-file.js';
import { resolutionOptions } from '../resolve/resolution-options.js';
import { type LicencePolicy, licenceAccepted } from './licence-policy.js';

/** One reason to look at a locked extension. `gone`: its version or its digest is not published any more. */
export interface AuditFinding {
  readonly finding: 'revoked' | 'yanked' | 'gone' | 'licence' | 'unsigned' | 'deprecated';
  readonly severity: 'high' | 'medium' | 'low';
  readonly kind: Kind;
  readonly name: string;
  readonly version: string;
  readonly detail: string;
  readonly requiredBy: readonly string[];
}

export interface AuditRequest {
  readonly workspace: Workspace;
  readonly licences: LicencePolicy;
}

export interface AuditResult {
  readonly lockFile: string;
  readonly extensions: number;
  readonly findings: readonly AuditFinding[];
}

const SEVERITY = {
  revoked: 'high',
  yanked: 'medium',
  gone: 'high',
  licence: 'medium',
  unsigned: 'medium',
  deprecated: 'low',
} as const;
const RANK = { high: 0, medium: 1, low: 2 } as const;

/**
 * What is known today against a locked extension: its state on its registry, its signature, its licence. The
 * lock is not changed. Offline, what the registries last said counts.
 * @throws MANAGER_LOCK_MISSING, OCI_REMOTE_*
 */
export async function auditLock(
  { workspace, licences }: AuditRequest,
  context: ManagerContext,
): Promise<AuditResult> {
  const lock = await requireLock(workspace.lockFile);
  return withContents({ workspace, context }, async ({ registries, contents }) => {
    const configs = await lockedConfigs(lock, contents, context);
    const states = await currentFacts(lock, resolutionOptions({ workspace, registries }, context).source);
    const findings = lock.extensions.flatMap((entry) => [
      ...stateFindings(entry, states.get(entry)),
      ...(isRemoteEntry(entry) && entry.signer === undefined
        ? [found(entry, 'unsigned', 'nobody whom the trust policy knows signed it')]
        : []),
      ...licenceFindings(entry, configs.get(entry)?.license, licences),
    ]);
    const sorted = findings.sort((a, b) => RANK[a.severity] - RANK[b.severity]);
    return { lockFile: workspace.lockFile, extensions: lock.extensions.length, findings: sorted };
  });
}

/** Everything at once where the registry can; `undefined` for what is not published any more. */
async function currentFacts(
  { extensions }: Lock,
  source: ReturnType<typeof resolutionOptions>['source'],
): Promise<ReadonlyMap<LockEntry, VersionFacts | string | undefined>> {
  const facts = new Map<LockEntry, VersionFacts | string | undefined>();
  await Promise.all(
    extensions.map(async (entry) => {
      if (!('repository' in entry.source)) return;
      const { registry, repository } = entry.source;
      const known = await source.versions(packageId(registry, repository));
      const version = known?.versions.find(
        (each) => (typeof each === 'string' ? each : each.version) === entry.version,
      );
      facts.set(entry, version);
    }),
  );
  return facts;
}

function stateFindings(entry: LockEntry, facts: VersionFacts | string | undefined): AuditFinding[] {
  if (!isRemoteEntry(entry)) return [];
  const where = entry.source.registry;
  if (facts === undefined) return [found(entry, 'gone', `${where} does not have this version any more`)];
  if (typeof facts === 'string') return [];
  if (facts.digest !== undefined && facts.digest !== entry.manifest.digest)
    return [found(entry, 'gone', `${where} now has ${facts.digest} under this version`)];
  const { state, reason } = facts;
  if (state === undefined || state === 'active') return [];
  return [found(entry, state, reason ?? 'no reason was given')];
}

function licenceFindings(
  entry: LockEntry,
  licence: string | undefined,
  policy: LicencePolicy,
): AuditFinding[] {
  if (policy.allow.length === 0 && policy.deny.length === 0) return [];
  if (licence === undefined) return [found(entry, 'licence', 'it states no licence')];
  return licenceAccepted(licence, policy) ? [] : [found(entry, 'licence', `${licence} is not accepted`)];
}

function found(
  { kind, name, version, requiredBy }: LockEntry,
  finding: AuditFinding['finding'],
  detail: string,
): AuditFinding {
  return { finding, severity: SEVERITY[finding], kind, name, version, detail, requiredBy };
}
