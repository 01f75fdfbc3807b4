import { ProvError } from '#base';

/** Kinds of extensions, singular. Directories and module maps use the plural. */
export const KINDS = ['provider', 'taskserv', 'cluster', 'workflow', 'template'] as const;
export type Kind = (typeof KINDS)[number];

const SHORT_FORMS: ReadonlyMap<string, Kind> = new Map([
  ['prov', 'provider'],
  ['task', 'taskserv'],
  ['cl', 'cluster'],
]);

export type KindPlural = `${Kind}s`;
export const KIND_PLURALS = KINDS.map((kind): KindPlural => `${kind}s`);

export function kindPlural(kind: Kind): KindPlural {
  return `${kind}s`;
}

/** Reads singular, plural and short forms of a kind. @throws SCHEMAS_KIND_UNKNOWN */
export function parseKind(value: string): Kind {
  const lower = value.toLowerCase();
  const kind = KINDS.find((each) => each === lower || `${each}s` === lower) ?? SHORT_FORMS.get(lower);
  if (kind === undefined) throw new ProvError('SCHEMAS_KIND_UNKNOWN', { value });
  return kind;
}

const NAME = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/;
const WORKSPACE_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,62}$/;
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?$/i;
export const MAX_NAMESPACE_SEGMENTS = 8;

export function isExtensionName(value: string): boolean {
  return value.length >= 2 && value.length <= 63 && NAME.test(value) && !WINDOWS_DEVICE.test(value);
}

/** 0 to 8 name segments joined by `/`. */
export function isNamespace(value: string): boolean {
  if (value === '') return true;
  const segments = value.split('/');
  return segments.length <= MAX_NAMESPACE_SEGMENTS && segments.every((segment) => NAME.test(segment));
}

/** Names of workspaces, infras and environments. */
export function isWorkspaceName(value: string): boolean {
  return WORKSPACE_NAME.test(value) && !WINDOWS_DEVICE.test(value);
}

/** Names that are equal after this fold may not live side by side in one namespace. */
export function foldName(name: string): string {
  return name.replace(/[._]/g, '-');
}

export const MODES = ['solo', 'multi-user', 'cicd', 'enterprise'] as const;
export type Mode = (typeof MODES)[number];
