import semver from 'semver';
import * as z from 'zod';
import { canonicalJson, ProvError } from '#base';
import type { Dependency, ExtensionManifest } from './extension-manifest.js';
import { isExtensionName, KINDS } from './names.js';
import { isRange, isVersion, parseRange } from './version.js';

export const name = z
  .string()
  .refine(isExtensionName, 'must match [a-z0-9]+([._-][a-z0-9]+)*, 2 to 63 characters');
export const version = z.string().refine(isVersion, 'must be a semantic version such as 1.2.3');

/** The frozen reader: understands only `schema`, `compatibility` and `min_provisioning_version`, for ever. */
export function assertReadable(value: unknown, path: string, provVersion: string): void {
  if (value === null || typeof value !== 'object') return;
  const { schema, compatibility, min_provisioning_version: minimum } = value as Record<string, unknown>;
  if (typeof schema === 'number' && schema > 1)
    throw new ProvError('SCHEMAS_NEEDS_NEWER_PROV', {
      path,
      needs: `with manifest schema ${schema}`,
      version: provVersion,
    });
  const needs =
    typeof minimum === 'string'
      ? `>=${minimum}`
      : (compatibility as Record<string, unknown> | undefined)?.['provisioning'];
  if (
    typeof needs === 'string' &&
    isRange(needs) &&
    !semver.satisfies(provVersion, parseRange(needs), { includePrerelease: true })
  ) {
    throw new ProvError('SCHEMAS_NEEDS_NEWER_PROV', { path, needs, version: provVersion });
  }
}

/** What a resolver needs to know of one version; the value of the annotation `dev.prov.deps`. */
export interface DependencyFacts {
  readonly dependencies?: Readonly<Record<string, Dependency>> | undefined;
  readonly optional_dependencies?: Readonly<Record<string, Dependency>> | undefined;
  readonly conflicts?: Readonly<Record<string, string>> | undefined;
  readonly constraints?: Readonly<Record<string, string>> | undefined;
  readonly provides?:
    | Readonly<Record<string, { readonly version: string; readonly exclusive?: boolean | undefined }>>
    | undefined;
  readonly platforms?: readonly string[] | undefined;
  readonly compatibility?: { readonly provisioning: string } | undefined;
}

/** The facts of a manifest, computed the same way by pack, push, pull and our server. */
export function dependencyFacts(manifest: ExtensionManifest): DependencyFacts {
  const compatibility =
    manifest.compatibility ??
    (manifest.min_provisioning_version === undefined
      ? undefined
      : { provisioning: `>=${manifest.min_provisioning_version}` });
  const all: DependencyFacts = {
    dependencies: manifest.dependencies,
    optional_dependencies: manifest.optional_dependencies,
    conflicts: manifest.conflicts,
    constraints: manifest.constraints,
    provides: manifest.provides,
    platforms: manifest.platforms,
    compatibility,
  };
  const facts: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(all)) if (value !== undefined) facts[key] = value;
  return facts;
}

/** The config blob: the normalised manifest as canonical JSON. */
export function configBlob(manifest: ExtensionManifest): Uint8Array {
  return Buffer.from(canonicalJson(manifest));
}

/** Facts as read from the wire: tolerant of members we do not know. */
export const dependencyFactsSchema = z.looseObject({
  dependencies: z
    .record(z.string(), z.looseObject({ version: z.string(), kind: z.enum(KINDS).optional() }))
    .optional(),
  optional_dependencies: z.record(z.string(), z.looseObject({ version: z.string() })).optional(),
  conflicts: z.record(z.string(), z.string()).optional(),
  constraints: z.record(z.string(), z.string()).optional(),
  provides: z
    .record(z.string(), z.looseObject({ version: z.string(), exclusive: z.boolean().optional() }))
    .optional(),
  platforms: z.array(z.string()).optional(),
  compatibility: z.looseObject({ provisioning: z.string() }).optional(),
});

/** A config blob as read from the wire: tolerant of members we do not know. */
export const configBlobSchema = z.looseObject({
  schema: z.literal(1),
  name,
  type: z.enum(KINDS),
  version,
  description: z.string(),
  ...dependencyFactsSchema.shape,
});
