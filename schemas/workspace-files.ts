import * as z from 'zod';
import { settings } from './config-file.js';
import { isNamespace, isWorkspaceName } from './names.js';

export const registryConfigSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'must be a short lower-case id'),
  url: z.string().min(1),
  namespace: z.string().refine(isNamespace, 'must be a namespace').optional(),
});
export type RegistryConfig = z.output<typeof registryConfigSchema>;

/** `config/provisioning.yaml`. @see docs/spec/workspace.md */
export const provisioningFileSchema = z.strictObject({
  schema: z.literal(1),
  workspace: z.strictObject({
    name: z.string().refine(isWorkspaceName, 'must be a workspace name'),
    description: z.string().optional(),
  }),
  ...settings,
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
    .min(1, 'must name at least one server, for example [{ name: web-1 }]'),
});
export type InfraSettings = z.output<typeof infraSettingsSchema>;

/** `.provisioning/metadata.yaml`: which format the workspace is in and how it got there. */
export const workspaceMetadataSchema = z.strictObject({
  schema: z.literal(1),
  workspace: z.string().refine(isWorkspaceName, 'must be a workspace name'),
  migrations: z.array(z.strictObject({ from: z.int(), to: z.int(), prov: z.string(), at: z.string() })),
});
export type WorkspaceMetadata = z.output<typeof workspaceMetadataSchema>;
