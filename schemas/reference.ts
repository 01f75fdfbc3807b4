import { type Digest, isDigest, ProvError } from '#base';
import { isExtensionName, isNamespace } from './names.js';
import { isRange, isVersion, parseRange } from './version.js';

export const DEFAULT_REGISTRY = 'localhost:5000';
export const DEFAULT_NAMESPACE = 'provisioning-extensions';
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const REGISTRY =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?$/;
/** What could only be a host, though it has the form `name:tag`. */
const HOST_ONLY = /^(?:localhost|\d{1,3}(?:\.\d{1,3}){3}):\d+\/?$/;
const MAX_REPOSITORY_LENGTH = 255;
/** Room for the longest repository, tag and sha512 digest, or range; what is longer is not looked at. */
const MAX_REFERENCE_LENGTH = 1024;

/** A repository on a registry plus what to take from it. `repository` is `namespace/name`. */
export interface RemoteReference {
  readonly type: 'remote';
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
  /** Only in short forms such as `redis@^7`. */
  readonly range?: string;
}
export interface DirectoryReference {
  readonly type: 'directory';
  readonly path: string;
}
/** `oci-layout:PATH#namespace/name[:tag][@digest]` or `bundle:FILE#…`. */
export interface FileReference {
  readonly type: 'oci-layout' | 'bundle';
  readonly path: string;
  readonly repository?: string;
  readonly tag?: string;
  readonly digest?: Digest;
}
export type Reference = RemoteReference | DirectoryReference | FileReference;

export interface ReferenceDefaults {
  readonly registry: string;
  readonly namespace: string;
}

/**
 * Reads every form of a reference. The first segment is a registry only if it has `.` or `:` or is
 * `localhost`; short forms take registry and namespace from `defaults`.
 * @throws SCHEMAS_REFERENCE_INVALID
 */
export function parseReference(
  value: string,
  defaults: ReferenceDefaults = { registry: DEFAULT_REGISTRY, namespace: DEFAULT_NAMESPACE },
): Reference {
  if (value === '.' || value === '..' || /^(?:\.{1,2})?\//.test(value))
    return { type: 'directory', path: value };
  const file = /^(oci-layout|bundle):([^#]+)(?:#(.*))?$/.exec(value);
  if (file) {
    const fragment: Partial<Tail> = file[3] ? parseTail(file[3], value) : {};
    if (fragment.range !== undefined) throw invalid(value, 'name a tag or a digest, not a range');
    return { type: file[1] as 'oci-layout' | 'bundle', path: file[2]!, ...fragment };
  }
  if (value.length > MAX_REFERENCE_LENGTH)
    throw invalid(`${value.slice(0, 64)}…`, `it is longer than ${MAX_REFERENCE_LENGTH} characters`);
  const explicit = value.startsWith('oci://');
  const body = explicit ? value.slice('oci://'.length) : value;
  const slash = body.indexOf('/');
  const first = slash < 0 ? '' : body.slice(0, slash);
  const hasRegistry = explicit || looksLikeRegistry(first);
  if ((explicit && slash < 0) || (!explicit && HOST_ONLY.test(body)))
    throw invalid(value, 'a repository is missing after the registry');
  const registry = hasRegistry ? first : defaults.registry;
  if (!REGISTRY.test(registry)) throw invalid(value, `"${registry}" is not a registry host`);
  const tail = parseTail(hasRegistry ? body.slice(slash + 1) : body, value);
  const repository =
    hasRegistry || tail.repository.includes('/') || defaults.namespace === ''
      ? tail.repository
      : `${defaults.namespace}/${tail.repository}`;
  if (`${registry}/${repository}`.length > MAX_REPOSITORY_LENGTH)
    throw invalid(value, 'it is longer than 255 characters');
  return { type: 'remote', registry, ...tail, repository };
}

/** Whether a first segment is a registry without `oci://` before it. */
function looksLikeRegistry(segment: string): boolean {
  return segment === 'localhost' || /[.:]/.test(segment);
}

type Tail = { repository: string; tag?: string; digest?: Digest; range?: string };

function parseTail(text: string, whole: string): Tail {
  const at = text.indexOf('@');
  const named = at < 0 ? text : text.slice(0, at);
  const after = at < 0 ? undefined : text.slice(at + 1);
  const colon = named.lastIndexOf(':');
  const repository = colon < 0 ? named : named.slice(0, colon);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  if (!isRepository(repository)) throw invalid(whole, `"${repository}" is not a repository name`);
  if (tag !== undefined && !TAG.test(tag.replaceAll('+', '_'))) throw invalid(whole, `"${tag}" is not a tag`);
  const out: Tail = { repository, ...(tag === undefined ? {} : { tag: tag.replaceAll('+', '_') }) };
  if (after === undefined) return out;
  if (isDigest(after)) return { ...out, digest: after };
  if (after.startsWith('sha256:') || after.startsWith('sha512:'))
    throw invalid(whole, `"${after}" is not a digest`);
  if (tag === undefined && isVersion(after)) return { ...out, range: after };
  if (tag === undefined && after.trim() !== '' && isRange(after)) return { ...out, range: parseRange(after) };
  throw invalid(whole, `"${after}" is neither a digest nor a version range`);
}

/** Whether a registry takes it as a tag. */
export function isTag(value: string): boolean {
  return TAG.test(value);
}

/** `namespace/name`, each segment of the name grammar, the last an extension name. */
export function isRepository(value: string): boolean {
  const { namespace, name } = splitRepository(value);
  return isExtensionName(name) && isNamespace(namespace);
}

export function splitRepository(repository: string): { namespace: string; name: string } {
  const slash = repository.lastIndexOf('/');
  return slash < 0
    ? { namespace: '', name: repository }
    : { namespace: repository.slice(0, slash), name: repository.slice(slash + 1) };
}

/** The text of a reference; parsing it again gives the same reference. */
export function formatReference(reference: Reference): string {
  if (reference.type === 'directory') return reference.path;
  const tail =
    (reference.repository ?? '') +
    (reference.tag === undefined ? '' : `:${reference.tag}`) +
    (reference.digest === undefined ? '' : `@${reference.digest}`);
  if (reference.type === 'remote') {
    // A digest says more than the range that it was found by.
    const range =
      reference.range === undefined || reference.digest !== undefined ? '' : `@${reference.range}`;
    const scheme = looksLikeRegistry(reference.registry) ? '' : 'oci://';
    return `${scheme}${reference.registry}/${tail}${range}`;
  }
  return `${reference.type}:${reference.path}${tail === '' ? '' : `#${tail}`}`;
}

/** Whether the host part of a registry is this machine. */
export function isLoopbackRegistry(registry: string): boolean {
  const host = registry.replace(/:\d+$/, '').toLowerCase();
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    /^127(?:\.\d{1,3}){3}$/.test(host) ||
    host === '[::1]'
  );
}

function invalid(value: string, reason: string): ProvError {
  return new ProvError('SCHEMAS_REFERENCE_INVALID', { value, reason });
}
