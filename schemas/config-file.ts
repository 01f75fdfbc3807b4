import * as z from 'zod';
import { isExtensionName, isNamespace, isWorkspaceName, KIND_PLURALS, MODES } from './names.js';
import { isRange } from './version.js';

/**
 * How a workspace or infra file may change a setting that guards its user; system, user, environment and
 * flags are free. `true`: only to true. `subset`: only to fewer entries. `added`: only new keys.
 * `ranked`: only to a later member of the enum. `never`: not at all.
 */
export type SecurityRule = 'true' | 'subset' | 'added' | 'ranked' | 'never';

function guarded<T extends z.ZodType>(schema: T, rule: SecurityRule): z.ZodOptional<T> {
  return schema.meta({ security: rule }).optional();
}

/** What carries a signature: the bundle for cosign 3, the `.sig` tag for cosign 2 and skopeo. */
export const SIGNATURE_FORMS = ['both', 'bundle', 'legacy'] as const;
export type SignatureForm = (typeof SIGNATURE_FORMS)[number];
export const TRUST_DEFAULTS = ['allow', 'warn', 'deny'] as const;
const strings = z.array(z.string());
const PLATFORM = /^[a-z0-9]+\/[a-z0-9_]+(?:\/[a-z0-9]+)?$/;
const hostMap = z.record(z.string(), z.string());
const free = z.record(z.string(), z.record(z.string(), z.unknown()));

const proxyAddress = z
  .string()
  .min(1)
  .refine(
    (address) => !address.includes('@'),
    'must not hold a user name or password; set HTTPS_PROXY for that',
  );

export const securitySettingsSchema = z.strictObject({
  tls_verify: guarded(z.boolean(), 'true'),
  /** Hosts, beside this machine, that may be spoken to without TLS. */
  plain_http: guarded(strings, 'subset'),
  /** Host → PEM file of certificate authorities. */
  ca_files: guarded(hostMap, 'never'),
  /** Host → client certificate and key, PEM files, shown to that host only. */
  client_certs: guarded(
    z.record(z.string(), z.strictObject({ cert: z.string().min(1), key: z.string().min(1) })),
    'never',
  ),
  /** `host:port` → address to connect to. */
  resolve: guarded(hostMap, 'never'),
  /** Proxies where the environment names none. */
  proxy: guarded(
    z.strictObject({
      https: proxyAddress.optional(),
      http: proxyAddress.optional(),
      no_proxy: strings.optional(),
    }),
    'never',
  ),
  /** Host → name of a docker credential helper. */
  credential_helpers: guarded(hostMap, 'never'),
  /** Host → the form in which signatures are written there. Default: both. */
  signature_forms: guarded(z.record(z.string(), z.enum(SIGNATURE_FORMS)), 'never'),
  /** Name → command line of a program that signs. */
  external_signers: guarded(z.record(z.string(), strings.min(1)), 'never'),
  /** Registry host → the only host that may hand out its tokens. */
  realm_pins: guarded(hostMap, 'added'),
  /** Environment variables that `{{env.X}}` may read. */
  environment_allow: guarded(strings, 'subset'),
  /** What happens to artifacts when there is no trust policy. */
  trust_default: guarded(z.enum(TRUST_DEFAULTS), 'ranked'),
});

/** `90m`, `72h`, `7d`, `2w`. */
export const MIN_AGE = /^(\d{1,6})([mhdw])$/;

const registryId = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'must be a short lower-case id');
const namespace = z.string().refine(isNamespace, 'must be a namespace');

const networkSettingsSchema = z.strictObject({
  /** Longest wait for an answer. */
  timeout_seconds: z.number().positive().max(86_400).optional(),
  /** Further tries of a request that failed. */
  retries: z.int().min(0).max(100).optional(),
  /** Most requests at once; fewer when the host says that it has enough. */
  concurrency: z.int().min(1).max(64).optional(),
  /** Longest `Retry-After` that is obeyed. */
  max_wait_seconds: z.number().positive().max(86_400).optional(),
});

const mirrorPlace = z.string().regex(/^[^@\s?#]+$/, 'must be HOST[:PORT][/PATH]');

/** Content below `prefix` may be read from `location`, which takes the place of the prefix. */
export const mirrorEntrySchema = z.strictObject({
  prefix: mirrorPlace,
  location: mirrorPlace,
  /** Who says what a tag means. Default `upstream`. */
  tags: z.enum(['upstream', 'mirror']).optional(),
});

/** One entry of `registries`; layers may each give a part, joined by `id`. */
export const registryEntrySchema = z.strictObject({
  id: registryId,
  url: z.string().min(1).optional(),
  namespace: namespace.optional(),
  network: networkSettingsSchema.optional(),
  /** Hosts with the same content, asked first. */
  mirrors: z.array(mirrorPlace).optional(),
});

const historicOci = z.strictObject({
  registry: z.string().optional(),
  endpoint: z.string().optional(),
  namespace: namespace.optional(),
  namespaces: z.record(z.string(), namespace).optional(),
  tls_enabled: z.boolean().optional(),
  auth_token_path: z.string().optional(),
});

/** The default registry: a URL, `{id, url, namespace}`, or the older `{type, oci: {endpoint, …}}`. */
const defaultRegistry = z.union([
  z.string().min(1),
  z.strictObject({
    id: registryId.optional(),
    url: z.string().min(1).optional(),
    namespace: namespace.optional(),
    type: z.string().optional(),
    oci: historicOci.optional(),
  }),
]);

const modules = z.union([
  z.array(z.string()),
  z.record(
    z.string().refine(isExtensionName, 'must be an extension name'),
    z.string().refine(isRequirementText, 'must be a version range, or NAME@RANGE where the name is another'),
  ),
]);

/** A range, or a reference with one: then the key is the name that the extension gets in the workspace. */
function isRequirementText(text: string): boolean {
  if (isRange(text)) return true;
  const at = text.indexOf('@');
  return at > 0 && isRange(text.slice(text.lastIndexOf('@') + 1));
}

/** Requirements by kind: lists of references, or maps of name → range. */
export const moduleRequirementsSchema = z.strictObject(
  Object.fromEntries(KIND_PLURALS.map((kind) => [kind, modules.optional()])) as Record<
    (typeof KIND_PLURALS)[number],
    z.ZodOptional<typeof modules>
  >,
);

const extensionSources = z.strictObject({
  source_type: z.string().optional(),
  oci: historicOci.optional(),
  modules: moduleRequirementsSchema.optional(),
});

/** What every configuration file may hold (TOML files and `config/provisioning.yaml` alike). */
export const settings = {
  mode: z.enum([...MODES, 'multiuser']).optional(),
  environment: z.string().refine(isWorkspaceName, 'must be an environment name').optional(),
  registries: z.array(registryEntrySchema).optional(),
  registry: defaultRegistry.optional(),
  extensions: extensionSources.optional(),
  dependencies: z
    .strictObject({
      core: z.unknown().optional(),
      platform: z.unknown().optional(),
      extensions: extensionSources.optional(),
      registry: defaultRegistry.optional(),
    })
    .optional(),
  resolution: z
    .strictObject({
      strategy: z.enum(['latest', 'lowest', 'lowest-direct', 'minimal-change', 'security-only']).optional(),
      prerelease: z.enum(['never', 'if-named', 'if-only', 'allow']).optional(),
      platforms: z
        .array(z.string().regex(PLATFORM, 'must be os/arch, for example linux/amd64 or linux/arm64/v8'))
        .optional(),
      overrides: z.record(z.string(), z.string()).optional(),
      /** Extension → range in which it must be if it is there; nobody is made to have it. */
      constraints: z.record(z.string(), z.string()).optional(),
      /** Capability → the extension that serves it. */
      providers: z.record(z.string(), z.string()).optional(),
      /** Capability → the extension that serves it when nothing else decides. */
      default_providers: z.record(z.string(), z.string()).optional(),
      /** `registry:namespace` whose extensions may serve capabilities, besides those that the workspace names. */
      provider_sources: z.array(z.string().regex(/^[^:]+:/, 'must be registry:namespace')).optional(),
      /** Versions with a known weakness: never chosen. */
      advisories: z
        .array(z.strictObject({ extension: z.string(), range: z.string(), id: z.string() }))
        .optional(),
      /** When the trust policy refuses the version to choose: stop (the default), or take the next one. */
      signatures: z.enum(['strict', 'prefer']).optional(),
      /** Versions younger than this are not chosen: a number of minutes, hours, days or weeks. */
      min_age: z.string().regex(MIN_AGE, 'must be an age such as 72h, 7d or 2w').optional(),
      /** Extensions that may be younger, as overrides name them. */
      min_age_exempt: strings.optional(),
      /** Whose word counts for an age: a signed time only (the default), or what the registry says. */
      age_source: z.enum(['signed', 'registry']).optional(),
    })
    .optional(),
  providers: free.optional(),
  platform: free.optional(),
  /** Settings of modules, by extension name. */
  config: free.optional(),
  security: securitySettingsSchema.optional(),
  network: networkSettingsSchema.optional(),
  /** The longest prefix that fits decides; its mirrors are asked in this order. */
  mirrors: z.array(mirrorEntrySchema).optional(),
  output: z
    .strictObject({ format: z.enum(['text', 'json', 'yaml', 'table', 'ndjson']).optional() })
    .optional(),
  log: z.strictObject({ level: z.enum(['error', 'warn', 'info', 'debug']).optional() }).optional(),
};

/** `config.toml` of the system, the user, an environment or an infra. @see docs/spec/workspace.md */
export const configFileSchema = z.strictObject(settings);
export type ConfigFile = z.output<typeof configFileSchema>;
