import { ProvError } from '#base';
import { type ConfigNode, formatOrigin } from './config-node.js';

/** What `{{…}}` may refer to. */
export interface InterpolationContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Names that `env.X` may read. */
  readonly environmentAllow: readonly string[];
  readonly paths: Readonly<Record<string, string>>;
  readonly workspaceName: string;
  /** `YYYY-MM-DD` in UTC. */
  readonly date: string;
  readonly gitBranch: string | undefined;
}

const EXPRESSION = /\{\{(.*?)\}\}/gs;

/**
 * Replaces every `{{…}}` in the texts below a node; what comes out is not looked at again. `a || b` takes
 * the first that has a value, quoted or bare text is itself.
 * @throws WORKSPACE_INTERPOLATION_UNRESOLVED
 */
export function interpolate<T extends ConfigNode>(
  node: T,
  context: InterpolationContext,
  path: readonly string[] = [],
): T {
  if (node.type === 'branch') {
    const entries = new Map(
      [...node.entries].map(([key, child]) => [key, interpolate(child, context, [...path, key])]),
    );
    return { ...node, entries };
  }
  return {
    ...node,
    value: replaceIn(node.value, (text) =>
      replaceText(text, context, { key: path.join('.'), place: formatOrigin(node.origin) }),
    ),
  };
}

function replaceIn(value: unknown, replace: (text: string) => string): unknown {
  if (typeof value === 'string') return replace(value);
  if (Array.isArray(value)) return value.map((item) => replaceIn(item, replace));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key, replaceIn(member, replace)]),
    );
  }
  return value;
}

function replaceText(
  text: string,
  context: InterpolationContext,
  at: { key: string; place: string },
): string {
  if (!text.includes('{{')) return text;
  return text.replace(EXPRESSION, (expression, body: string) => {
    const [first, ...fallbacks] = body.split('||').map((part) => part.trim());
    const found = resolve(first!, context);
    if ('value' in found) return found.value;
    for (const fallback of fallbacks) {
      const next = resolve(fallback, context);
      if ('value' in next) return next.value;
      if (!next.reference) return fallback;
    }
    throw new ProvError('WORKSPACE_INTERPOLATION_UNRESOLVED', { ...at, expression, reason: found.reason });
  });
}

type Resolved = { readonly value: string } | { readonly reason: string; readonly reference: boolean };

function resolve(term: string, context: InterpolationContext): Resolved {
  const quoted = /^(?:'([^']*)'|"([^"]*)")$/.exec(term);
  if (quoted) return { value: quoted[1] ?? quoted[2]! };
  const reference = /^(env|paths|workspace|now|git)\.([A-Za-z0-9_.-]+)$/.exec(term);
  if (!reference) return { reason: 'it is not one of the known names', reference: false };
  const name = reference[2]!;
  const missing = (reason: string): Resolved => ({ reason, reference: true });
  const orMissing = (value: string | undefined, reason: string): Resolved =>
    value === undefined ? missing(reason) : { value };
  switch (reference[1]) {
    case 'env':
      if (!context.environmentAllow.includes(name))
        return missing(`${name} is not in security.environment_allow`);
      return orMissing(context.env[name] || undefined, `${name} is not set`);
    case 'paths':
      return orMissing(
        Object.hasOwn(context.paths, name) ? context.paths[name] : undefined,
        `paths are ${Object.keys(context.paths).join(', ')}`,
      );
    case 'workspace':
      return orMissing(
        name === 'name' ? context.workspaceName : name === 'path' ? context.paths['base'] : undefined,
        'a workspace has name and path',
      );
    case 'now':
      return orMissing(name === 'date' ? context.date : undefined, 'only now.date is known');
    default:
      return orMissing(
        name === 'branch' ? context.gitBranch : undefined,
        name === 'branch' ? 'no git branch is checked out' : 'only git.branch is known',
      );
  }
}
