import * as z from 'zod';
import { isExtensionName, isNamespace, isWorkspaceName, KIND_PLURALS, MODES } from './names.js';
import { isRange } from './version.js';

const modules = z.union([
  z.array(z.string()),
  z.record(z.string().refine(isExtensionName, 'must be an extension name'), z.string().refine(isRange, 'must be a version range')),
]);

export const registryConfigSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'must be a short lower-case id'),
  url: z.string().min(1),
  namespace: z.string().refine(isNamespace, 'must be a namespace').optional(),
});
export type RegistryConfig = z.output<typeof registryConfigSchema>;

/** `config/provisioning.yaml`. @see docs/spec/workspace.md */
export const provisioningFileSchema = z.strictObject({
  schema: z.literal(1),
  workspace: z.strictObject({ name: z.string().refine(isWorkspaceName, 'must be a workspace name'), description: z.string().optional() }),
  mode: z.enum([...MODES, 'multiuser']).optional(),
  environment: z.string().refine(isWorkspaceName, 'must be an environment name').optional(),
  registries: z.array(registryConfigSchema).optional(),
  registry: z.unknown().optional(),
  extensions: z.unknown().optional(),
  dependencies: z
    .strictObject({
      extensions: z.strictObject({
        modules: z.strictObject(Object.fromEntries(KIND_PLURALS.map((kind) => [kind, modules.optional()])) as Record<(typeof KIND_PLURALS)[number], z.ZodOptional<typeof modules>>),
      }),
    })
    .optional(),
  resolution: z
    .strictObject({
      strategy: z.enum(['latest', 'lowest', 'lowest-direct', 'minimal-change', 'security-only']).optional(),
      prerelease: z.enum(['never', 'if-named', 'if-only', 'allow']).optional(),
      platforms: z.array(z.string()).optional(),
      overrides: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
  providers: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
  config: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
});
export type ProvisioningFile = z.output<typeof provisioningFileSchema>;

const placed = z.union([
  z.string().transform((name) => ({ name })),
  z.strictObject({ name: z.string(), config: z.record(z.string(), z.unknown()).optional() }),
]);

/** `infra/NAME/settings.yaml`: which servers there are and what runs on them. */
export const infraSettingsSchema = z.strictObject({
  schema: z.literal(1),
  provider: z.string(),
  servers: z
    .array(
      z.strictObject({
        name: z.string().refine(isWorkspaceName, 'must be a server name'),
        provider: z.string().optional(),
        taskservs: z.array(placed).optional(),
        clusters: z.array(placed).optional(),
      }),
    )
    .min(1),
});
export type InfraSettings = z.output<typeof infraSettingsSchema>;
