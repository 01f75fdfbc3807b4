import * as z from 'zod';
import { isProvError, ProvError } from '#base';
import { assertReadable, name, version } from './config-blob.js';
import { isNamespace, KINDS, type Kind } from './names.js';
import { isRange, isVersion, parseRange, parseVersion } from './version.js';
import { checkYaml, parseYaml, type YamlFile, yamlProblems } from './yaml-file.js';

const SPDX = /^[A-Za-z0-9.+-]+(?:\s+(?:AND|OR|WITH)\s+[A-Za-z0-9.+-]+|\s*[()]\s*)*$/;
const PLATFORM = /^[a-z0-9]+\/[a-z0-9_]+(?:\/[a-z0-9]+)?$/;
const RELATIVE = /^(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$))[^\\]+$/;
const SHA256_HEX = /^[0-9a-f]{64}$/;
const ASSET_SOURCE = /^(?:https:\/\/\S+|npm:(?:@[a-z0-9._-]+\/)?[a-z0-9._-]+@\S+|oci:\/\/\S+|file:\S+)$/;

const range = z
  .string()
  .refine(isRange, 'must be a semver range such as ^1.2.0 or >=1.0.0 <2.0.0')
  .transform(parseRange);
const platform = z.string().regex(PLATFORM, 'must be os/arch[/variant]');
const relativePath = z.string().regex(RELATIVE, 'must be a path inside the extension');

const dependency = z.union([
  range.transform((value) => ({ version: value })),
  z.strictObject({
    version: range,
    kind: z.enum(KINDS).optional(),
    registry: z.string().optional(),
    namespace: z.string().refine(isNamespace, 'must be a namespace').optional(),
    platforms: z.array(platform).optional(),
    wait_for_health: z.boolean().optional(),
  }),
]);

const provided = z.union([
  version.transform((value) => ({ version: value })),
  z.strictObject({ version, exclusive: z.boolean().optional() }),
]);

const asset = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'must be a plain file name'),
  source: z.string().regex(ASSET_SOURCE, 'must be https://…, npm:package@version, oci://… or file:…'),
  sha256: z.string().regex(SHA256_HEX, 'must be 64 lower-case hex digits'),
  size: z.int().positive().optional(),
  platform: platform.optional(),
});

const health = z.strictObject({
  /** How to ask: the `health` script, an HTTP GET, or a TCP connect. */
  check: z.enum(['script', 'http', 'tcp']),
  /** Name of a port of `permissions.network` (`listen:NAME`); for http and tcp. */
  port: z.string().optional(),
  path: z.string().startsWith('/').optional(),
  interval_seconds: z.number().positive().max(3600).default(1),
  timeout_seconds: z.number().positive().max(3600).default(10),
  retries: z.int().min(0).max(1000).default(30),
});

/** `manifest.yaml`. Strict: unknown keys are errors. @see docs/spec/manifest.md */
export const extensionManifestSchema = z.strictObject({
  schema: z.literal(1),
  name,
  type: z.enum(KINDS),
  version: z.string(),
  description: z.string().min(1).max(512),
  author: z.string().optional(),
  authors: z.array(z.string()).optional(),
  license: z.string().regex(SPDX, 'must be an SPDX expression').optional(),
  homepage: z.url().optional(),
  repository: z.url().optional(),
  category: z.string().optional(),
  tags: z.array(z.string()).optional(),
  platforms: z.array(platform).min(1).optional(),
  min_provisioning_version: version.optional(),
  compatibility: z.strictObject({ provisioning: range }).optional(),
  dependencies: z.record(name, dependency).optional(),
  optional_dependencies: z.record(name, dependency).optional(),
  conflicts: z.record(name, range).optional(),
  /** If it is there, it must be in this range; it need not be there. */
  constraints: z.record(name, range).optional(),
  provides: z.record(name, provided).optional(),
  scripts: z.record(z.string().regex(/^[a-z][a-z_]*$/), relativePath).optional(),
  operations: z.record(z.string().regex(/^[a-z][a-z_]*$/), relativePath).optional(),
  components: z
    .array(
      z.union([
        name.transform((value) => ({ name: value })),
        z.strictObject({ name, config: z.record(z.string(), z.unknown()).optional() }),
      ]),
    )
    .optional(),
  configuration: z
    .strictObject({
      schema: relativePath.optional(),
      defaults: relativePath.optional(),
      required_env: z.array(z.string()).optional(),
      secrets: z.array(z.string()).optional(),
    })
    .optional(),
  permissions: z
    .strictObject({
      /** `listen:NAME` asks for a port under that name; `connect:…` is information for reviewers. */
      network: z.array(z.string()).optional(),
      paths: z.array(z.string()).optional(),
      sudo: z.boolean().optional(),
      commands: z.array(z.string()).optional(),
    })
    .optional(),
  /** Operations of `scripts` that may be run again without harm when it is not known whether they ran. */
  idempotent: z.array(z.string().regex(/^[a-z][a-z_]*$/)).optional(),
  health: health.optional(),
  assets: z.array(asset).max(256).optional(),
  build: z
    .strictObject({ include: z.array(z.string()).optional(), exclude: z.array(z.string()).optional() })
    .optional(),
  deprecated: z.strictObject({ reason: z.string(), replacement: z.string().optional() }).optional(),
});

/** A manifest after normalisation (dependencies as objects, ranges in npm form). */
export type ExtensionManifest = z.output<typeof extensionManifestSchema>;
export type Dependency = z.output<typeof dependency>;
export type Asset = z.output<typeof asset>;
export type HealthCheck = z.output<typeof health>;

/**
 * Reads `manifest.yaml`. Before anything else looks at it, `schema` and `compatibility` decide whether
 * this prov can read it at all.
 * @throws SCHEMAS_* with file, line and column.
 */
export function parseExtensionManifest(
  text: string,
  path: string,
  provVersion: string,
): YamlFile<ExtensionManifest> {
  const file = parseYaml(text, path);
  assertReadable(file.value, path, provVersion);
  refuseUnquotedVersion(file);
  const checked = checkYaml(file, extensionManifestSchema);
  if (/^v\d/.test(checked.value.version)) {
    const stripped = checked.value.version.slice(1);
    if (isVersion(stripped)) return { ...checked, value: { ...checked.value, version: stripped } };
  }
  assertVersion(checked.value.version, file);
  return checked;
}

/** Everything that is wrong with a `manifest.yaml`; empty when `parseExtensionManifest` reads it. */
export function manifestProblems(text: string, path: string, provVersion: string): readonly ProvError[] {
  let others: readonly ProvError[] = [];
  try {
    const file = parseYaml(text, path);
    assertReadable(file.value, path, provVersion);
    others = yamlProblems(file, extensionManifestSchema);
    parseExtensionManifest(text, path, provVersion);
    return [];
  } catch (error) {
    if (!isProvError(error)) throw error;
    const isAnother = ({ details }: ProvError) =>
      details['line'] !== error.details['line'] ||
      (details['at'] ?? details['key']) !== (error.details['at'] ?? error.details['key']);
    return [error, ...others.filter(isAnother)];
  }
}

/** `version: 15.0` is a number to YAML; what to write is what `"15.0"` would be told. */
function refuseUnquotedVersion(file: YamlFile): void {
  const version = (file.value as { version?: unknown } | null)?.version;
  if (typeof version === 'number') assertVersion(file.written?.(['version']) ?? String(version), file);
}

function assertVersion(value: string, file: YamlFile): void {
  try {
    parseVersion(value);
  } catch (error) {
    const { message, hint } = error as ProvError;
    const place = file.position(['version']);
    throw new ProvError('SCHEMAS_VALUE_INVALID', {
      path: file.path,
      ...place,
      at: 'version',
      reason: message,
      hint,
    });
  }
}

export type ConfigBlob = ExtensionManifest & { readonly type: Kind };
