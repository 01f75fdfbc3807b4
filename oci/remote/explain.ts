import { isLoopbackRegistry } from '#schemas';
import { describeProxy } from './http/proxy.js';
import { parseTarget } from './http/target.js';

/** Whether a registry is spoken to without TLS when `plainHttp` is what options say. */
export function isPlainHttp(registry: string, plainHttp: boolean | undefined): boolean {
  return plainHttp ?? isLoopbackRegistry(registry);
}

/** The proxy on the way to a registry and its variable, or what keeps the registry away from it. */
export function explainProxy(
  registry: string,
  plain: boolean,
  env: NodeJS.ProcessEnv,
): ReturnType<typeof describeProxy> {
  const target = parseTarget(`${plain ? 'http' : 'https'}://${registry}/`);
  return target === undefined ? {} : describeProxy(target, env);
}
