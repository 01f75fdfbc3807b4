import { relative } from 'node:path';
import type { Change } from '#resolver';
import { splitPackageId } from '#resolver';
import { explainConfig, PROVISIONING_FILE, type Workspace } from '#workspace';

/**
 * The commands that make changes in a workspace and resolve it, in one line for a shell; undefined when one
 * of the changes is nothing that a command does.
 */
export function fixCommand(changes: readonly Change[], workspace: Workspace): string | undefined {
  const edits: string[] = [];
  const flags = givenFlags(workspace, changes);
  for (const change of changes) {
    switch (change.type) {
      case 'require':
      case 'drop': {
        const named = requirementArgument(change, workspace);
        if (named === undefined) return undefined;
        edits.push(
          change.type === 'drop'
            ? `prov dep remove ${named}`
            : `prov dep add ${quoted(`${named}@${change.range}`)}`,
        );
        break;
      }
      case 'override': {
        const name = overrideName(change.id, workspace);
        if (name === undefined) return undefined;
        flags.push(`--override ${quoted(`${name}=${change.range}`)}`);
        break;
      }
      case 'prerelease':
        flags.push('--prerelease allow');
        break;
      case 'platform':
        for (const platform of workspace.resolution.platforms ?? [])
          if (platform !== change.platform) flags.push(`--platform ${platform}`);
        break;
      case 'age':
        flags.push('--min-age 0m');
        break;
      case 'prov':
        return undefined;
    }
  }
  // An edit resolves at once, all or nothing; where it is not the whole fix it must not.
  if (edits.length === 1 && flags.length === 0) return edits[0];
  const parts = edits.map((edit) => `${edit} --no-resolve`);
  return [...parts, ['prov dep resolve', ...flags].join(' ')].join(' && ');
}

/** What a change is, in words. */
export function describeChange(change: Change, provVersion: string): string {
  switch (change.type) {
    case 'require': {
      const { repository, range } = change.requirement;
      const instead = range === '*' ? 'any version' : range;
      return `require ${repository.slice(repository.lastIndexOf('/') + 1)} ${change.range} instead of ${instead}`;
    }
    case 'drop':
      return `do without ${change.requirement.repository.slice(change.requirement.repository.lastIndexOf('/') + 1)}`;
    case 'override':
      if (change.range === '*') return `accept any version of ${change.name}`;
      return `override ${change.name} with ${change.range}, whoever asks for another`;
    case 'prerelease':
      return 'allow pre-releases';
    case 'platform':
      return `leave the platform ${change.platform} out`;
    case 'age':
      return 'ask for no minimum age';
    case 'prov':
      return `use prov ${change.version} or newer (this is ${provVersion})`;
  }
}

/** `KIND/NAME` for `prov dep add`, which edits one file and knows one registry. */
function requirementArgument(
  { requirement }: Extract<Change, { type: 'require' | 'drop' }>,
  workspace: Workspace,
): string | undefined {
  const { registry, repository, kind, origin, alias } = requirement;
  const first = workspace.registries[0]!;
  const file = origin.file === '' ? '' : relative('.', origin.file);
  if (file !== PROVISIONING_FILE || registry !== first.id || kind === undefined || alias !== undefined)
    return undefined;
  return `${kind}/${inFirstNamespace(repository, first.namespace)}`;
}

function overrideName(id: Parameters<typeof splitPackageId>[0], workspace: Workspace): string | undefined {
  const { registry, repository } = splitPackageId(id);
  const first = workspace.registries[0]!;
  return registry === first.id ? inFirstNamespace(repository, first.namespace) : undefined;
}

function inFirstNamespace(repository: string, namespace: string): string {
  const prefix = namespace === '' ? '' : `${namespace}/`;
  return repository.startsWith(prefix) ? repository.slice(prefix.length) : repository;
}

/** The options of this run that decide what is chosen: a fix must be run with the same. */
function givenFlags(workspace: Workspace, changes: readonly Change[]): string[] {
  const changed = new Set<string>(changes.map(({ type }) => type));
  return explainConfig(workspace.config, 'resolution').flatMap(({ key, value, layer }): string[] => {
    if (layer !== 'flag') return [];
    const setting = key.slice('resolution.'.length);
    if (setting === 'strategy') return [`--strategy ${String(value)}`];
    if (setting === 'prerelease') return changed.has('prerelease') ? [] : [`--prerelease ${String(value)}`];
    if (setting === 'min_age') return changed.has('age') ? [] : [`--min-age ${String(value)}`];
    if (setting === 'platforms')
      return changed.has('platform') ? [] : (value as string[]).map((platform) => `--platform ${platform}`);
    if (!setting.startsWith('overrides.')) return [];
    const name = setting.slice('overrides.'.length);
    const again = changes.some(
      (change) => change.type === 'override' && overrideName(change.id, workspace) === name,
    );
    return again ? [] : [`--override ${quoted(`${name}=${String(value)}`)}`];
  });
}

/** For a POSIX shell. */
function quoted(word: string): string {
  return /^[\w@=:,./^~+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
