import { ProvError } from '#base';
import {
  DEFAULT_NAMESPACE,
  DEFAULT_REGISTRY,
  isLoopbackRegistry,
  isNamespace,
  registryEntrySchema,
} from '#schemas';
import {
  CONFIG_LAYERS,
  type ConfigBranch,
  type ConfigNode,
  type ConfigOrigin,
  formatOrigin,
  lookup,
  toValue,
} from './config-node.js';

/** A registry of the workspace, whatever shape it was written in. */
export interface WorkspaceRegistry {
  readonly id: string;
  /** Whether someone chose the id; a derived one is no good in a lock when the registry is on this machine. */
  readonly named: boolean;
  /** `http://host[:port]` or `https://host[:port]`, without a path. */
  readonly url: string;
  /** `host[:port]`, as in references. */
  readonly host: string;
  readonly loopback: boolean;
  readonly namespace: string;
  readonly origin: ConfigOrigin;
}

/** What a workspace did not bring along. */
export const TRUSTED_LAYERS: ReadonlySet<string> = new Set([
  'built-in',
  'system',
  'user',
  'variable',
  'flag',
]);

/**
 * The registries of a configuration, the default one first. `registries[]`, `registry` and the two older
 * shapes (`extensions.oci.registry`, `registry.oci.endpoint`, each also under `dependencies`) become one list.
 * @throws WORKSPACE_REGISTRY_INVALID; WORKSPACE_SECURITY_WEAKENED for plain http that no user allowed.
 */
export function readRegistries(config: ConfigBranch): readonly WorkspaceRegistry[] {
  const plainHttp = (toValue(lookup(config, ['security', 'plain_http'])!) as readonly string[]).map((host) =>
    host.toLowerCase(),
  );
  const listed = lookup(config, ['registries']);
  const found =
    listed?.type === 'branch'
      ? [...listed.entries.values()].map((node) => fromEntry(node as ConfigBranch))
      : [];
  const single = defaults(config, found);
  const higher = single.filter((draft) => rank(draft) >= rank(found[0]));
  const lower = single.filter((draft) => rank(draft) < rank(found[0]));
  const drafts = joinById([...higher, ...found, ...lower]);
  const all =
    drafts.length > 0
      ? drafts
      : [{ url: DEFAULT_REGISTRY, origin: { layer: 'built-in' } satisfies ConfigOrigin }];
  return all.map((draft) => finish(draft, plainHttp));
}

/** A registry that only a full reference names; its id is made from the host. */
export function registryOfHost(host: string, namespace: string, origin: ConfigOrigin): WorkspaceRegistry {
  return finish({ url: host, namespace, origin }, TRUSTED_LAYERS.has(origin.layer) ? [host] : []);
}

/** @throws WORKSPACE_REGISTRY_INVALID unless this could stand in the file of a workspace */
export function assertRegistry(
  edit: { readonly id: string; readonly url: string; readonly namespace?: string | undefined },
  file: string,
): void {
  const origin: ConfigOrigin = { layer: 'workspace', file };
  const entry = registryEntrySchema.safeParse(edit);
  if (!entry.success) {
    const { path, message } = entry.error.issues[0]!;
    throw new ProvError('WORKSPACE_REGISTRY_INVALID', {
      place: formatOrigin(origin),
      id: edit.id,
      reason: `${path.join('.')} ${message}`,
    });
  }
  finish({ ...edit, origin }, [HOST.exec(edit.url)?.[2]?.toLowerCase() ?? '']);
}

interface Draft {
  readonly id?: string | undefined;
  readonly url?: string | undefined;
  readonly namespace?: string | undefined;
  readonly tls?: boolean | undefined;
  readonly origin: ConfigOrigin;
  readonly urlOrigin?: ConfigOrigin | undefined;
}

function fromEntry(node: ConfigBranch): Draft {
  const text = (key: string) => textAt(node, [key]);
  return {
    id: text('id'),
    url: text('url'),
    namespace: text('namespace'),
    origin: node.origin,
    urlOrigin: node.entries.get('url')?.origin,
  };
}

function rank(draft: Draft | undefined): number {
  return draft === undefined ? -1 : CONFIG_LAYERS.indexOf((draft.urlOrigin ?? draft.origin).layer);
}

/** Where one registry may stand, the default one first. */
export const SINGLE_SHAPES: readonly (readonly string[])[] = [
  ['registry'],
  ['dependencies', 'registry'],
  ['extensions'],
  ['dependencies', 'extensions'],
];

/**
 * What the single-registry shapes say. `registry` without an id is about the first listed registry, unless
 * that one comes from a higher layer.
 */
function defaults(config: ConfigBranch, listed: readonly Draft[]): Draft[] {
  return SINGLE_SHAPES.flatMap((path) => {
    const node = lookup(config, path);
    const draft = node === undefined ? undefined : fromShape(node);
    if (draft === undefined) return [];
    const meant =
      path.length === 1 && path[0] === 'registry' && rank(draft) >= rank(listed[0])
        ? listed[0]?.id
        : undefined;
    return [{ ...draft, id: draft.id ?? meant }];
  });
}

function fromShape(node: ConfigNode): Draft | undefined {
  if (node.type === 'leaf') return { url: String(node.value), origin: node.origin, urlOrigin: node.origin };
  const at = (...keys: string[]) => textAt(node, keys);
  const url = at('url') ?? at('oci', 'endpoint') ?? at('oci', 'registry');
  const namespace = at('namespace') ?? at('oci', 'namespaces', 'extensions') ?? at('oci', 'namespace');
  if (url === undefined && namespace === undefined && at('id') === undefined) return undefined;
  const tls = lookup(node, ['oci', 'tls_enabled']);
  const urlNode =
    lookup(node, ['url']) ?? lookup(node, ['oci', 'endpoint']) ?? lookup(node, ['oci', 'registry']);
  return {
    id: at('id'),
    url,
    namespace,
    tls: tls?.type === 'leaf' ? (tls.value as boolean) : undefined,
    origin: node.origin,
    urlOrigin: urlNode?.origin,
  };
}

function textAt(node: ConfigNode, path: readonly string[]): string | undefined {
  const found = lookup(node, path);
  return found?.type === 'leaf' && typeof found.value === 'string' ? found.value : undefined;
}

/** Drafts about one id become one; earlier ones win key by key. Those without an id are joined by their host. */
function joinById(drafts: readonly Draft[]): Draft[] {
  const out: Draft[] = [];
  for (const draft of drafts) {
    const at = out.findIndex((other) =>
      draft.id !== undefined && other.id !== undefined ? draft.id === other.id : sameHost(draft, other),
    );
    if (at < 0) out.push(draft);
    else
      out[at] = {
        ...draft,
        ...Object.fromEntries(Object.entries(out[at]!).filter(([, value]) => value !== undefined)),
        origin: out[at]!.origin,
      };
  }
  return out;
}

function sameHost(a: Draft, b: Draft): boolean {
  const host = (draft: Draft) => HOST.exec(draft.url ?? '')?.[2]?.toLowerCase();
  return host(a) !== undefined && host(a) === host(b);
}

const HOST = /^(?:(https?|oci):\/\/)?((?!(?:https?|oci):)[^/?#@\s]+)(?:\/([^?#]*?))?\/?$/;

function finish(draft: Draft, plainHttp: readonly string[]): WorkspaceRegistry {
  const origin = draft.urlOrigin ?? draft.origin;
  const place = formatOrigin(origin);
  const invalid = (reason: string) =>
    new ProvError('WORKSPACE_REGISTRY_INVALID', {
      place,
      id: draft.id ?? HOST.exec(draft.url ?? '')?.[2] ?? '',
      reason,
    });
  if (draft.url === undefined) throw invalid('no layer gives its url');
  if (draft.url.includes('@'))
    throw invalid(
      'credentials do not belong in a configuration file; sign in with docker login or podman login',
    );
  const match = HOST.exec(draft.url);
  if (!match) throw invalid(`"${draft.url}" is not a registry`);
  const [, scheme, host, path = ''] = match;
  const parsed = URL.canParse(`https://${host}`) ? new URL(`https://${host}`) : undefined;
  if (parsed === undefined) throw invalid(`"${draft.url}" is not a registry`);
  const namespace = draft.namespace ?? (path === '' ? DEFAULT_NAMESPACE : path);
  if (!isNamespace(namespace) || (scheme?.startsWith('http') && path !== ''))
    throw invalid(`"${path}" is not a namespace`);
  const loopback = isLoopbackRegistry(host!);
  const plain =
    scheme === 'http' || draft.tls === false || (loopback && scheme !== 'https' && draft.tls !== true);
  if (plain && !loopback && !TRUSTED_LAYERS.has(origin.layer) && !plainHttp.includes(host!.toLowerCase())) {
    throw new ProvError('WORKSPACE_SECURITY_WEAKENED', {
      place,
      key: 'plain http',
      reason: `${host} is not in the user's security.plain_http`,
    });
  }
  const id =
    draft.id ??
    host!
      .toLowerCase()
      .replace(/[^a-z0-9._-]+/g, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 63);
  return {
    id,
    named: draft.id !== undefined,
    url: `${plain ? 'http' : 'https'}://${host}`,
    host: host!,
    loopback,
    namespace,
    origin: draft.origin,
  };
}
