import * as z from 'zod';
import { checkYaml, type YamlFile } from '#schemas';
import type { RepositoryPattern } from '../repository-pattern.js';
import { standIn } from './containers-policy.js';
import type { PolicyDraft } from './policy-draft.js';

const text = z.string().max(65_536);
const anything = z.unknown().optional();
const authority = z.strictObject({
  name: text.optional(),
  key: z
    .strictObject({
      data: text.optional(),
      secretRef: anything,
      kms: text.optional(),
      hashAlgorithm: text.optional(),
    })
    .optional(),
  keyless: anything,
  static: z.strictObject({ action: z.enum(['pass', 'fail']), message: text.optional() }).optional(),
  source: anything,
  ctlog: anything,
  rfc3161timestamp: anything,
  attestations: anything,
  signatureFormat: text.optional(),
});
const policySchema = z.strictObject({
  apiVersion: z.enum(['policy.sigstore.dev/v1beta1', 'policy.sigstore.dev/v1alpha1']),
  kind: z.literal('ClusterImagePolicy'),
  metadata: z.looseObject({ name: text }),
  spec: z.strictObject({
    images: z
      .array(z.strictObject({ glob: text }))
      .min(1)
      .max(1000),
    authorities: z.array(authority).max(100).default([]),
    policy: anything,
    mode: z.enum(['enforce', 'warn']).optional(),
    match: z.array(z.unknown()).optional(),
  }),
  status: anything,
});
type Authority = z.output<typeof authority>;

/**
 * Reads one ClusterImagePolicy of sigstore's policy-controller: any of its authorities is enough, and all policies that
 * match an image must be met.
 * @throws SCHEMAS_*
 * @see sigstore/policy-controller, pkg/apis/policy/v1beta1/clusterimagepolicy_types.go
 */
export function importClusterImagePolicy(written: YamlFile, draft: PolicyDraft): void {
  const { metadata, spec } = checkYaml(written, policySchema).value;
  const at = `ClusterImagePolicy ${metadata.name}`;
  if (spec.mode === 'warn')
    draft.note(
      'stricter',
      at,
      'it only warned; a rule that only warns needs a reason and an end (mode, until)',
    );
  if (spec.match !== undefined && spec.match.length > 0)
    draft.note('stricter', at, 'it was about some workloads (match); here it is about all uses');
  const patterns = spec.images.flatMap(({ glob }) => patternOf(glob, at, draft) ?? []);
  const refuse = (reason: string) => {
    for (const pattern of patterns) draft.refuse({ pattern, reason, at });
  };
  if (spec.policy !== undefined) {
    draft.note('refused', at, 'it has a policy in CUE or Rego, which prov does not run');
    refuse('the imported policy has conditions in CUE or Rego');
    return;
  }
  const able = spec.authorities.flatMap((each, i) => {
    const name = carryAuthority(each, draft, `${at} ${each.name ?? `authorities[${i}]`}`);
    return name === undefined ? [] : [{ name, each }];
  });
  if (able.length === 0) {
    refuse('nobody whom the imported policy trusts could be carried over');
    return;
  }
  const log = able.some(({ each }) => each.ctlog !== undefined);
  const timestamp = able.some(({ each }) => each.rfc3161timestamp !== undefined);
  if (log || timestamp)
    draft.note(
      'refused',
      at,
      'it asks for a log or a timestamp, which prov does not verify yet: the rule refuses',
    );
  draft.note(
    'stricter',
    at,
    'signatures must name namespace, name and version; those of plain cosign pass only a rule with bind: digest',
  );
  const by = [
    draft.anyOf(
      metadata.name,
      able.map(({ name }) => name),
    ),
  ];
  for (const pattern of patterns) draft.accept({ name: metadata.name, pattern, by, log, timestamp, at });
}

/** The principal of an authority; undefined and a note where prov cannot verify what it stands for. */
function carryAuthority(each: Authority, draft: PolicyDraft, at: string): string | undefined {
  if (each.static !== undefined) {
    if (each.static.action === 'pass')
      draft.note('refused', at, 'it passed without a signature; prov has no such rule');
    return undefined;
  }
  if (each.source !== undefined)
    draft.note('refused', at, 'signatures in another repository (source) are not looked for');
  if (each.attestations !== undefined) {
    draft.note('refused', at, 'it asks for attestations, which are not carried over');
    return undefined;
  }
  if (each.keyless !== undefined) return standIn(draft, at, 'certificates (keyless)');
  const { key } = each;
  if (key === undefined) {
    draft.note('refused', at, 'it has neither a key nor anything else that prov knows');
    return undefined;
  }
  if (key.hashAlgorithm !== undefined && key.hashAlgorithm !== 'sha256') {
    draft.note('refused', at, `the hash ${key.hashAlgorithm} of a key is not carried over`);
    return undefined;
  }
  if (key.data !== undefined) return draft.addKey(key.data, each.name ?? 'key', at);
  return standIn(
    draft,
    at,
    key.kms === undefined ? 'a key that is in a secret of the cluster' : `the key ${key.kms}`,
  );
}

/** How a program reads the names of images. */
export interface GlobDialect {
  /** The host of names without one. */
  readonly home: string;
  /** Whether `*` goes across segments. */
  readonly starCrosses: boolean;
}

const POLICY_CONTROLLER: GlobDialect = { home: 'index.docker.io', starCrosses: false };

/**
 * The pattern of a glob; undefined and a note where it cannot be said. A name without a host is that of the home registry,
 * which a pattern of prov must say: without a host it is about every registry.
 */
export function patternOf(
  glob: string,
  at: string,
  draft: PolicyDraft,
  dialect: GlobDialect = POLICY_CONTROLLER,
): RepositoryPattern | undefined {
  const repository = /^(?:[^/@]+\/)?[^:@]*/.exec(glob)?.[0] ?? '';
  const rest = glob.slice(repository.length);
  const named = withHost(repository, dialect);
  if (rest === '' || /^(?::\*\*?)?(?:@(?:sha256:)?\*\*?)?$/.test(rest)) return draft.pattern(named, at, glob);
  draft.note('refused', at, `"${glob}" is about tags or digests: the whole repository is refused`);
  const pattern = draft.pattern(named, at, glob);
  if (pattern !== undefined) draft.refuse({ pattern, reason: `the imported policy is about "${glob}"`, at });
  return undefined;
}

function withHost(repository: string, { home, starCrosses }: GlobDialect): string {
  if (repository === '**' || (starCrosses && repository === '*')) return '**';
  const open = starCrosses ? repository.replace(/\/\*$/, '/**') : repository;
  const [first = '', ...path] = open.split('/');
  if (path.length === 0) return `${home}/library/${open}`;
  // A wildcard where a host may be is left as it is, and is no pattern of ours.
  if (first.includes('*') && !first.startsWith('*.')) return `${first}:/${path.join('/')}`;
  return first === 'localhost' || /[.:]/.test(first) ? open : `${home}/${open}`;
}
