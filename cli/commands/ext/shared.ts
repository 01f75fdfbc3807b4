import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isProvError, ProvError } from '#base';
import type { ManagerContext } from '#manager';
import {
  DEFAULT_NAMESPACE,
  DEFAULT_REGISTRY,
  isNamespace,
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
  const url = context.env['PROVISIONING_REGISTRY__URL'];
  if (registry !== undefined) assertHost(registry, '--registry');
  else if (url !== undefined) assertHost(url, 'PROVISIONING_REGISTRY__URL');
  if (namespace !== undefined && !isNamespace(namespace))
    throw new ProvError('CLI_USAGE', {
      reason: `--namespace "${namespace}" is not a namespace`,
      hint: 'Write lower-case names joined by /, for example team/tools.',
    });
  if (registry !== undefined && namespace !== undefined) return { registry: bareHost(registry), namespace };
  const around = await workspaceDefaults(context);
  return {
    registry: bareHost(registry ?? url ?? around?.registry ?? DEFAULT_REGISTRY),
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

const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)(?::\d{1,5})?$/i;

/** @throws CLI_USAGE */
function assertHost(url: string, option: string): void {
  if (HOST.test(bareHost(url))) return;
  throw new ProvError('CLI_USAGE', {
    reason: `${option} "${url}" is not a registry`,
    hint: 'Write HOST or HOST:PORT, for example registry.example or localhost:5000.',
  });
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

/** Runs what reads a key file, and names the file when that is wrong. */
export async function namingKeyFile<T>(
  path: string,
  context: CommandContext,
  load: (text: string) => T | Promise<T>,
): Promise<T> {
  const text = await readKeyFile(path, context);
  return namingKey(resolve(context.cwd, path), () => load(text));
}

/** Runs what reads a key, and names the place that it is from when that is wrong. */
export async function namingKey<T>(place: string, load: () => T | Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!isProvError(error, 'TRUST_KEY_INVALID')) throw error;
    const { what, reason } = error.details;
    throw new ProvError('TRUST_KEY_INVALID', { what: `${String(what)} ${place}`, reason }, { cause: error });
  }
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
