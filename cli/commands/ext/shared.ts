import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ProvError } from '#base';
import type { ManagerContext } from '#manager';
import {
  DEFAULT_NAMESPACE,
  DEFAULT_REGISTRY,
  parseReference,
  type Reference,
  type ReferenceDefaults,
} from '#schemas';
import type { CommandContext, CommandInput } from '../../command.js';
import { textOption } from '../../options.js';
import { provVersion } from '../../version.js';
import { transportOf } from '../transport-input.js';

/** What a use case of `manager` is told, from a command's context and options. */
export function managerContext(context: CommandContext, input: CommandInput): ManagerContext {
  const { options } = input;
  return {
    provVersion: provVersion(),
    env: context.env,
    cwd: context.cwd,
    signal: context.signal,
    onEvent: context.progress,
    configFrom: configFrom(context, options),
    transport: transportOf(context, input),
    ...(options['offline'] === true ? { offline: true } : {}),
  };
}

/** Where the workspace is whose configuration counts for connections. */
function configFrom(context: CommandContext, options: CommandInput['options']): string {
  const given = textOption(options, 'workspace') ?? context.env['PROVISIONING_WORKSPACE'];
  return given === undefined ? context.cwd : resolve(context.cwd, given);
}

/**
 * Registry and namespace for short references: flags, then `PROVISIONING_REGISTRY__URL` and
 * `PROVISIONING_REGISTRY__NAMESPACE`, then the workspace around the current directory, then the built-in ones.
 */
export async function referenceDefaults(
  context: CommandContext,
  { options }: CommandInput,
): Promise<ReferenceDefaults> {
  const registry = textOption(options, 'registry');
  const namespace = textOption(options, 'namespace');
  if (registry !== undefined && namespace !== undefined) return { registry: bareHost(registry), namespace };
  const around = await workspaceDefaults(context);
  return {
    registry: bareHost(
      registry ?? context.env['PROVISIONING_REGISTRY__URL'] ?? around?.registry ?? DEFAULT_REGISTRY,
    ),
    namespace:
      namespace ??
      context.env['PROVISIONING_REGISTRY__NAMESPACE'] ??
      (registry === undefined ? around?.namespace : undefined) ??
      DEFAULT_NAMESPACE,
  };
}

async function workspaceDefaults(context: CommandContext): Promise<ReferenceDefaults | undefined> {
  const { findWorkspace, openWorkspace } = await import('#workspace');
  const root = await findWorkspace(context.cwd);
  if (root === undefined) return undefined;
  const { registries } = await openWorkspace(root, { env: context.env });
  const first = registries[0];
  return first && { registry: first.host, namespace: first.namespace };
}

/** @throws CLI_USAGE for an address with credentials, which would end up in messages and process lists */
export function bareHost(url: string): string {
  if (url.includes('@'))
    throw new ProvError('CLI_USAGE', {
      reason: 'credentials do not belong in the address of a registry',
      hint: 'Put them into ~/.docker/config.json, for example with docker login.',
    });
  return url.replace(/^[a-z]+:\/\//, '').replace(/\/+$/, '');
}

export async function referenceArgument(
  text: string,
  context: CommandContext,
  input: CommandInput,
): Promise<Reference> {
  const isShort = !/^(?:oci:\/\/|oci-layout:|bundle:|\.|\/)/.test(text);
  const reference = parseReference(text, isShort ? await referenceDefaults(context, input) : undefined);
  return 'path' in reference ? { ...reference, path: resolve(context.cwd, reference.path) } : reference;
}

export async function readKeyFile(path: string, context: CommandContext): Promise<string> {
  const absolute = resolve(context.cwd, path);
  try {
    return await readFile(absolute, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ENOENT'
      ? new ProvError('BASE_FILE_MISSING', { path: absolute })
      : new ProvError(
          'BASE_FILE_UNREADABLE',
          { path: absolute, reason: code ?? (error as Error).message },
          { cause: error },
        );
  }
}

/** `--vendor-assets` without a value means all declared platforms. */
export function vendorOption(value: unknown): 'all' | readonly string[] | undefined {
  if (value === undefined || value === false) return undefined;
  return value === true
    ? 'all'
    : String(value)
        .split(',')
        .filter((platform) => platform !== '');
}

export { formatBytes } from '../../present/format-bytes.js';
