import { ProvError } from '#base';
import { bareHost } from './shared.js';

/** `REGISTRY[/PATH]` as its two parts. @throws CLI_USAGE */
export function registryAndPath(text: string): { registry: string; path: string | undefined } {
  const [registry = '', ...rest] = bareHost(text).split('/');
  if (!/^(?:\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::\d{1,5})?$/i.test(registry))
    throw new ProvError('CLI_USAGE', {
      reason: `"${text}" is not a registry: write HOST, HOST:PORT or HOST/PATH`,
    });
  return { registry, path: rest.length === 0 ? undefined : rest.join('/') };
}
