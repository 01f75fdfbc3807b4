import { stringify } from 'yaml';
import { KIND_PLURALS, type Kind, kindPlural, type Mode } from '#schemas';
import { DEFAULT_MODE } from './modes.js';

export interface InitOptions {
  readonly name: string;
  /** Default `solo`. */
  readonly mode?: Mode;
  readonly registry: { readonly id: string; readonly url: string; readonly namespace: string };
  /** Name of the first infrastructure. */
  readonly infra: string;
  /** Name of the provider of its servers. */
  readonly provider: string;
  readonly requirements?: readonly { readonly kind: Kind; readonly name: string; readonly range: string }[];
  /** Default: one server called `INFRA-1` with nothing on it. */
  readonly servers?: readonly ServerPlan[];
  readonly signal?: AbortSignal | undefined;
}

export interface ServerPlan {
  readonly name: string;
  readonly provider?: string;
  readonly taskservs?: readonly PlannedModule[];
  readonly clusters?: readonly PlannedModule[];
}
export type PlannedModule =
  | string
  | { readonly name: string; readonly config?: Readonly<Record<string, unknown>> };

/** What a workspace is made of: relative path → content, or undefined for a directory. Parents come first. */
export type Tree = ReadonlyMap<string, string | undefined>;

const GITIGNORE = `# Caches and run-time state of prov; everything in them can be made again.
.cache/
.runtime/
.prov-init-*/
`;

/** The files of a new workspace; the same bytes for the same options. */
export function workspaceTree(options: InitOptions): Tree {
  return new Map<string, string | undefined>([
    ['config', undefined],
    ['config/providers', undefined],
    ['config/platform', undefined],
    ...KIND_PLURALS.map((kinds) => [`extensions/${kinds}`, undefined] as const),
    ...KIND_PLURALS.map((kinds) => [`infra/${options.infra}/extensions/${kinds}`, undefined] as const),
    [`infra/${options.infra}/settings.yaml`, settings(options)],
    ['.provisioning/metadata.yaml', metadata(options)],
    ['.gitignore', GITIGNORE],
    ['config/provisioning.yaml', provisioning(options)],
  ]);
}

function provisioning(options: InitOptions): string {
  const modules = Object.fromEntries(
    KIND_PLURALS.map((kinds) => {
      const asked = (options.requirements ?? []).filter(({ kind }) => kindPlural(kind) === kinds);
      return [kinds, Object.fromEntries(asked.map(({ name, range }) => [name, range]))] as const;
    }).filter(([, map]) => Object.keys(map).length > 0),
  );
  return [
    '# The workspace: what it needs and where that comes from. After a change: prov dep resolve',
    text({ schema: 1, workspace: { name: options.name }, mode: options.mode ?? DEFAULT_MODE }),
    '# Registries by id; the lock names the id, so an address may change without a new lock.',
    text({ registries: [options.registry] }),
    '# Extensions by kind: name → version range.',
    text({ dependencies: { extensions: { modules } } }),
  ].join('\n');
}

function settings(options: InitOptions): string {
  const servers = options.servers ?? [{ name: `${options.infra}-1`, taskservs: [], clusters: [] }];
  return `# Which servers there are and what runs on them.\n${text({ schema: 1, provider: options.provider, servers })}`;
}

function metadata(options: InitOptions): string {
  return `# Kept by prov: the format of this workspace and how it got there.\n${text({ schema: 1, workspace: options.name, migrations: [] })}`;
}

function text(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
