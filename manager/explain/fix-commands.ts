import { relative } from 'node:path';
import type { Change } from '#resolver';
import { splitPackageId } from '#resolver';
import { explainConfig, PROVISIONING_FILE, type Workspace } from '#workspace';
import { type Intent, isIntended } from './intent.js';

export interface FixTarget {
  readonly workspace: Workspace;
  /** What the command that failed was about to do. */
  readonly intent?: Intent | undefined;
}

/**
 * The commands that make changes in a workspace, do what the failed command was about to do, and resolve, in one
 * line for a shell; undefined when one of the changes is nothing that a command does. Options that decide what is
 * chosen are saved, so that the next resolution chooses the same.
 */
export function fixCommand(changes: readonly Change[], target: FixTarget): string | undefined {
  const { workspace, intent } = target;
  const edits: string[] = [];
  const given = flagsFor(givenSettings(workspace), workspace, changes);
  const wanted = intent?.type === 'configure' ? Object.entries(intent.settings) : [];
  const flags = [...given, ...flagsFor(wanted, workspace, changes)];
  const last: string[] = [];
  const settled =
    intent === undefined || intent.type === 'configure' || changes.some((change) => settles(change, intent));
  if (!settled && intent.type === 'require')
    edits.push(`prov dep add ${quoted(`${intent.argument}@${intent.range}`)}`);
  if (!settled && intent.type === 'remove') edits.push(`prov dep remove ${intent.argument}`);
  if (!settled && intent.type === 'select') {
    const name = nameOf(intent.id, workspace);
    if (name === undefined) return undefined;
    if (intent.isLocked && changes.every(({ type }) => type !== 'drop'))
      last.push(`prov dep update ${name} --to ${intent.version}`);
    else if (intent.kind === undefined) return undefined;
    else edits.push(`prov dep add ${intent.kind}/${name}@${intent.version}`);
  }
  for (const change of changes) {
    switch (change.type) {
      case 'require':
      case 'rename':
      case 'drop': {
        const edit = editsOf(change, target);
        if (edit === undefined) return undefined;
        edits.push(...edit);
        break;
      }
      case 'override':
      case 'unlock':
      case 'age-exempt': {
        const name = nameOf(change.id, workspace);
        // An override of what is asked for on the command line is no way to have what was asked for.
        if (name === undefined || (intent?.type === 'require' && change.id === intent.id)) return undefined;
        if (change.type === 'unlock') last.push(`prov dep update ${name}`);
        else if (change.type === 'override') flags.push(`--override ${quoted(`${name}=${change.range}`)}`);
        else
          for (const each of new Set([...(workspace.resolution.min_age_exempt ?? []), name]))
            flags.push(`--min-age-exempt ${each}`);
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
      case 'unconstrain':
      case 'prov':
        return undefined;
    }
  }
  // An edit resolves at once, all or nothing; where it is not the whole fix it must not.
  if (edits.length === 1 && flags.length === 0 && last.length === 0) return edits[0];
  const parts = edits.map((edit) => `${edit} --no-resolve`);
  const save = flags.length > 0 && given.length === 0 ? ['--save'] : [];
  if (flags.length > 0 || last.length === 0) parts.push(['prov dep resolve', ...flags, ...save].join(' '));
  return [...parts, ...last].join(' && ');
}

/** Whether a change brings about by itself what was intended. */
function settles(change: Change, intent: Intent): boolean {
  if (intent.type === 'remove' || intent.type === 'configure') return false;
  switch (change.type) {
    case 'require':
    case 'rename':
    case 'drop':
      return `${change.requirement.registry}:${change.requirement.repository}` === intent.id;
    case 'override':
      return intent.type === 'select' && change.id === intent.id;
    default:
      return false;
  }
}

/** The edits of `config/provisioning.yaml` that a change is; undefined when it cannot be edited so. */
function editsOf(
  change: Extract<Change, { type: 'require' | 'rename' | 'drop' }>,
  { workspace, intent }: FixTarget,
): readonly string[] | undefined {
  const named = requirementArgument(change, workspace);
  if (named === undefined) return undefined;
  const id = `${change.requirement.registry}:${change.requirement.repository}`;
  const unwritten = isIntended(intent, change.requirement) && intent?.type === 'require' && intent.isNew;
  switch (change.type) {
    case 'drop':
      // What was never written, or is what was asked for, cannot be done without.
      return unwritten || (intent?.type === 'select' && intent.id === id)
        ? undefined
        : [`prov dep remove ${named}`];
    case 'rename': {
      const { range, registry } = change.requirement;
      const name = nameOf(`${registry}:${change.repository}`, workspace);
      const add = `prov dep add ${quoted(`${change.requirement.kind}/${name}${range === '*' ? '' : `@${range}`}`)}`;
      return unwritten ? [add] : [`prov dep remove ${named}`, add];
    }
    case 'require': {
      const range = intent?.type === 'select' && intent.id === id ? intent.version : change.range;
      return [`prov dep add ${quoted(`${named}@${range}`)}`];
    }
  }
}

/** What a change is, in words. */
export function describeChange(change: Change, provVersion: string): string {
  switch (change.type) {
    case 'require': {
      const { repository, range } = change.requirement;
      const instead = range === '*' ? 'any version' : range;
      return `require ${repository.slice(repository.lastIndexOf('/') + 1)} ${change.range} instead of ${instead}`;
    }
    case 'rename': {
      const name = (repository: string) => repository.slice(repository.lastIndexOf('/') + 1);
      const [was, now] = [change.requirement.repository, change.repository];
      return name(was) === name(now)
        ? `require ${now} instead of ${was}`
        : `require ${name(now)} instead of ${name(was)}`;
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
    case 'unlock':
      return `let ${change.name} leave the locked version`;
    case 'age-exempt':
      return `take ${change.name} however young it is`;
    case 'unconstrain': {
      const { repository, range, origin } = change.constraint;
      return `allow ${repository.slice(repository.lastIndexOf('/') + 1)} outside ${range} (${origin.file})`;
    }
    case 'age':
      return 'ask for no minimum age';
    case 'prov':
      return `use prov ${change.version} or newer (this is ${provVersion})`;
  }
}

/** `KIND/NAME` for `prov dep add`, which edits one file and knows one registry. */
function requirementArgument(
  { requirement }: Extract<Change, { type: 'require' | 'rename' | 'drop' }>,
  workspace: Workspace,
): string | undefined {
  const { registry, repository, kind, origin, alias } = requirement;
  const first = workspace.registries[0]!;
  const file = origin.file === '' ? '' : relative('.', origin.file);
  if (file !== PROVISIONING_FILE || registry !== first.id || kind === undefined || alias !== undefined)
    return undefined;
  return `${kind}/${inFirstNamespace(repository, first.namespace)}`;
}

/** What options call a package: its name, with its namespace where that is not the registry's own. */
function nameOf(id: Parameters<typeof splitPackageId>[0], workspace: Workspace): string | undefined {
  const { registry, repository } = splitPackageId(id);
  const first = workspace.registries[0]!;
  return registry === first.id ? inFirstNamespace(repository, first.namespace) : undefined;
}

function inFirstNamespace(repository: string, namespace: string): string {
  const prefix = namespace === '' ? '' : `${namespace}/`;
  return repository.startsWith(prefix) ? repository.slice(prefix.length) : repository;
}

/** The settings that options of this run gave: a fix must be run with the same. */
function givenSettings(workspace: Workspace): (readonly [string, unknown])[] {
  return explainConfig(workspace.config, 'resolution').flatMap(({ key, value, layer }) =>
    layer === 'flag' ? [[key.slice('resolution.'.length), value] as const] : [],
  );
}

/** Settings as options, without those that the changes replace. */
function flagsFor(
  settings: readonly (readonly [string, unknown])[],
  workspace: Workspace,
  changes: readonly Change[],
): string[] {
  const changed = new Set<string>(changes.map(({ type }) => type));
  return settings.flatMap(([key, value]): string[] => {
    switch (key) {
      case 'strategy':
      case 'age_source':
        return [`--${key.replace('_', '-')} ${String(value)}`];
      case 'prerelease':
        return changed.has('prerelease') ? [] : [`--prerelease ${String(value)}`];
      case 'min_age':
        return changed.has('age') ? [] : [`--min-age ${String(value)}`];
      case 'min_age_exempt':
        return changed.has('age-exempt') ? [] : (value as string[]).map((name) => `--min-age-exempt ${name}`);
      case 'platforms':
        return changed.has('platform') ? [] : (value as string[]).map((each) => `--platform ${each}`);
      default: {
        if (key.startsWith('providers.'))
          return [`--provider ${quoted(`${key.slice('providers.'.length)}=${String(value)}`)}`];
        const name = key.slice('overrides.'.length);
        const again = changes.some(
          (change) => change.type === 'override' && nameOf(change.id, workspace) === name,
        );
        return again || !key.startsWith('overrides.')
          ? []
          : [`--override ${quoted(`${name}=${String(value)}`)}`];
      }
    }
  });
}

/** For a POSIX shell. */
function quoted(word: string): string {
  return /^[\w@=:,./^~+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
