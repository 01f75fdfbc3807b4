import * as z from 'zod';
import { isDigest } from '#base';
import { checkYaml, tagToVersion, type YamlFile } from '#schemas';
import { parsePattern, type RepositoryPattern } from '../repository-pattern.js';
import type { PolicyDraft } from './policy-draft.js';

const text = z.string().max(16_384);
const texts = z.array(text).max(64);
const identity = z.strictObject({
  type: z.enum([
    'matchExact',
    'matchRepoDigestOrExact',
    'matchRepository',
    'exactReference',
    'exactRepository',
    'remapIdentity',
  ]),
  dockerReference: text.optional(),
  dockerRepository: text.optional(),
  prefix: text.optional(),
  signedPrefix: text.optional(),
});
const requirement = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('insecureAcceptAnything') }),
  z.strictObject({ type: z.literal('reject') }),
  z.strictObject({
    type: z.literal('signedBy'),
    keyType: text,
    keyPath: text.optional(),
    keyPaths: texts.optional(),
    keyData: text.optional(),
    signedIdentity: identity.optional(),
  }),
  z.strictObject({
    type: z.literal('sigstoreSigned'),
    keyPath: text.optional(),
    keyPaths: texts.optional(),
    keyData: text.optional(),
    keyDatas: texts.optional(),
    fulcio: z.unknown().optional(),
    pki: z.unknown().optional(),
    rekorPublicKeyPath: text.optional(),
    rekorPublicKeyPaths: texts.optional(),
    rekorPublicKeyData: text.optional(),
    rekorPublicKeyDatas: texts.optional(),
    signedIdentity: identity.optional(),
  }),
]);
const requirements = z.array(requirement).min(1).max(64);
const policySchema = z.strictObject({
  default: requirements,
  transports: z.record(z.string(), z.record(z.string(), requirements)).default({}),
});
type Requirement = z.output<typeof requirement>;
type Sigstore = Extract<Requirement, { type: 'sigstoreSigned' }>;

const NAMES =
  'signatures must name namespace, name and version: those of plain cosign and skopeo, which name no version, are refused until they are signed again with prov ext sign';
const HOSTS =
  'the host is no part of the name that prov signs: what the same key signed as the same namespace/name of another host is accepted too';

/**
 * Reads a `policy.json` of containers/image (podman, skopeo, CRI-O): scopes of the docker transport with keys.
 * @throws SCHEMAS_*
 * @see containers-policy.json(5)
 */
export async function importContainersPolicy(
  written: YamlFile,
  draft: PolicyDraft,
  readKey: (path: string) => Promise<string>,
): Promise<void> {
  const { default: fallback, transports } = checkYaml(written, policySchema).value;
  const scopes = Object.entries(transports['docker'] ?? {});
  for (const transport of Object.keys(transports))
    if (transport !== 'docker')
      draft.note(
        'left-out',
        `transports.${transport}`,
        'only the docker transport names registries; a rule of prov is asked wherever the content comes from',
      );
  if (transports['docker']?.[''] === undefined) scopes.push(['', fallback]);
  else draft.note('left-out', 'default', 'the docker transport has a default of its own');
  for (const [scope, asked] of scopes)
    await carryScope(
      { scope, asked, at: scope === '' ? 'default' : `transports.docker.${scope}` },
      draft,
      readKey,
    );
}

async function carryScope(
  {
    scope,
    asked,
    at,
  }: { readonly scope: string; readonly asked: readonly Requirement[]; readonly at: string },
  draft: PolicyDraft,
  readKey: (path: string) => Promise<string>,
): Promise<void> {
  const rejects = asked.some(({ type }) => type === 'reject');
  const checked = asked.filter(({ type }) => type !== 'insecureAcceptAnything');
  if (checked.length === 0) {
    draft.note('refused', at, 'it accepted anything, unsigned too; prov has no such rule');
    return;
  }
  const about = scopeOf(scope, at, draft);
  if (about === undefined) return;
  let signedAs: ReadonlySet<string> = new Set([scope]);
  const refuse = (reason: string) => draft.refuse({ ...about, reason, at });
  if (rejects) {
    refuse('rejected by the policy that was imported');
    return;
  }
  const voters: string[] = [];
  let log = false;
  const mapped = checked.flatMap((each, i) =>
    each.type === 'sigstoreSigned' ? [signedScope(each, { draft, at: `${at}[${i}]`, scope })] : [],
  );
  if (mapped.includes(undefined)) {
    refuse('the imported policy asks for a name that prov cannot say');
    return;
  }
  if (mapped.length > 0) signedAs = new Set(mapped as string[]);
  if (signedAs.size > 1) {
    draft.note('refused', at, 'its requirements ask for different names');
    refuse('the imported policy asks for several names at once');
    return;
  }
  for (const [i, each] of checked.entries()) {
    const voter = await voterOf(each, { draft, readKey, at: `${at}[${i}]`, scope });
    if (voter === undefined) {
      refuse('the imported policy asks for signatures that prov cannot verify');
      return;
    }
    voters.push(voter);
    log ||= each.type === 'sigstoreSigned' && asksForLog(each);
  }
  if (log)
    draft.note(
      'refused',
      at,
      'it asks for an entry in a Rekor log, which prov does not verify yet: the rule refuses',
    );
  draft.note('stricter', 'signedIdentity', NAMES);
  draft.note('looser', 'signedIdentity', HOSTS);
  const [place = scope] = signedAs;
  const { pattern, versions: version } = place === scope ? about : { ...scopeOf(place, at, draft)! };
  draft.accept({ name: scope === '' ? 'default' : scope, pattern, version, by: voters, log, at });
}

interface Scope {
  readonly pattern: RepositoryPattern;
  readonly versions?: string | undefined;
}

/** `host[:port][/path]`, `*.host`, one tag, or one digest, which only a denial can name here. */
function scopeOf(scope: string, at: string, draft: PolicyDraft): Scope | undefined {
  if (scope === '') return { pattern: parsePattern('**') };
  const digest = /@(.+)$/.exec(scope)?.[1];
  if (digest !== undefined) {
    draft.note('refused', at, 'a rule of prov is not about one digest: it is denied');
    if (isDigest(digest)) draft.deniedDigests.set(digest, `a scope of its own in the imported policy: ${at}`);
    return undefined;
  }
  const [, repository = scope, tag] = /^(.+\/[^/:]+):([^/:]+)$/.exec(scope) ?? [];
  if (tag === undefined) {
    const pattern = draft.pattern(`${scope}/**`, at, scope);
    return pattern && { pattern };
  }
  const pattern = draft.pattern(repository, at, repository);
  const version = tagToVersion(tag);
  if (pattern === undefined) return undefined;
  if (version !== undefined) return { pattern, versions: version };
  draft.note('refused', at, `"${tag}" is no version: the whole repository is denied`);
  draft.refuse({ pattern, reason: `the tag ${tag} has a rule of its own in the imported policy`, at });
  return undefined;
}

interface Context {
  readonly draft: PolicyDraft;
  readonly readKey: (path: string) => Promise<string>;
  readonly at: string;
  readonly scope: string;
}

async function voterOf(asked: Requirement, context: Context): Promise<string | undefined> {
  const { draft, readKey, at } = context;
  if (asked.type === 'signedBy') return standIn(draft, at, `GPG signatures (${asked.keyType})`);
  if (asked.type !== 'sigstoreSigned') return undefined;
  if (asked.fulcio !== undefined || asked.pki !== undefined)
    return standIn(draft, at, 'certificates (keyless signatures)');
  const paths = [...(asked.keyPath === undefined ? [] : [asked.keyPath]), ...(asked.keyPaths ?? [])];
  const data = [...(asked.keyData === undefined ? [] : [asked.keyData]), ...(asked.keyDatas ?? [])];
  const keys: string[] = [];
  for (const path of paths) {
    const pem = await readKey(path).catch(() => undefined);
    if (pem === undefined) draft.note('refused', at, `the key file ${path} cannot be read here`);
    const name = pem && draft.addKey(pem, fileName(path), at);
    if (name !== undefined && name !== '') keys.push(name);
  }
  for (const each of data) {
    const name = draft.addKey(Buffer.from(each, 'base64').toString('utf8'), 'key', at);
    if (name !== undefined) keys.push(name);
  }
  return keys.length === 0 ? undefined : draft.anyOf('any', keys);
}

/**
 * Under which scope the signature is: the same, or what an identity maps it to. Rules of prov are about the name
 * under which content was signed, and `mirrors` say where it lies besides.
 */
function signedScope(
  { signedIdentity }: Sigstore,
  { draft, at, scope }: Omit<Context, 'readKey'>,
): string | undefined {
  const { type, prefix, signedPrefix, dockerRepository } = signedIdentity ?? {};
  const [from, to] =
    type === 'remapIdentity'
      ? [prefix, signedPrefix]
      : type === 'exactRepository'
        ? [scope, dockerRepository]
        : [];
  if (type === 'exactReference' || (type === 'remapIdentity' && to === undefined)) {
    draft.note('refused', at, `an identity ${type}, which a rule of prov cannot say`);
    return undefined;
  }
  if (type !== 'remapIdentity' && type !== 'exactRepository') return scope;
  const known = from === undefined ? undefined : draft.mirrors.get(from);
  const within = from !== undefined && (scope === from || scope.startsWith(`${from}/`));
  const plain = within && !/[*@]/.test(scope + to) && !/:[^/:]+$/.test(scope.replace(/^[^/]*/, ''));
  if (!plain || to === undefined || (known !== undefined && known !== to)) {
    draft.note('refused', at, `an identity ${type} that cannot be said as a mirror of its scope`);
    return undefined;
  }
  if (draft.pattern(`${to}/**`, at, to) === undefined) return undefined;
  draft.mirrors.set(from, to);
  draft.note(
    'looser',
    at,
    `"${from}" holds what is signed as "${to}": the same rule accepts it from "${to}" itself`,
  );
  return to + scope.slice(from.length);
}

function asksForLog(asked: Sigstore): boolean {
  const { rekorPublicKeyPath, rekorPublicKeyPaths, rekorPublicKeyData, rekorPublicKeyDatas } = asked;
  return (
    (rekorPublicKeyPath ?? rekorPublicKeyPaths ?? rekorPublicKeyData ?? rekorPublicKeyDatas) !== undefined
  );
}

/** Who speaks for signatures that prov cannot verify, when somebody was named. */
export function standIn(draft: PolicyDraft, at: string, what: string): string | undefined {
  if (draft.standIn === undefined) {
    draft.note('refused', at, `prov does not verify ${what}: give --key for who signs instead`);
    return undefined;
  }
  draft.note('stricter', at, `prov does not verify ${what}: the keys of --key stand in for them`);
  return draft.standIn;
}

function fileName(path: string): string {
  return path
    .split('/')
    .at(-1)!
    .replace(/\.(pub|pem|key)$/, '');
}
