import { BlockList, isIP } from 'node:net';
import { ProvError, registerSecret } from '#base';
import { hostOf, parseTarget, type Target } from './target.js';

export interface HttpProxy {
  readonly target: Target;
  /** Value of `Proxy-Authorization`. */
  readonly authorization?: string | undefined;
}

/**
 * The proxy the environment names for a target: `https_proxy`, `http_proxy`, `all_proxy` (lower case first)
 * unless `no_proxy` covers it. Loopback never goes through a proxy.
 * @throws OCI_REMOTE_CONFIG_INVALID when the variable holds no http or https address
 */
export function proxyFor(target: Target, env: NodeJS.ProcessEnv): HttpProxy | undefined {
  if (exclusion(target, env) !== undefined) return undefined;
  const found = variableFor(target, env);
  return found && parseProxy(found.name, found.value);
}

/** For people: the proxy of a target and its variable, or what keeps the target away from one. */
export function describeProxy(
  target: Target,
  env: NodeJS.ProcessEnv,
): { readonly proxy?: string; readonly from?: string; readonly excluded?: string } {
  const found = variableFor(target, env);
  if (found === undefined) return {};
  const excluded = exclusion(target, env);
  if (excluded !== undefined) return { excluded };
  return { proxy: proxyName(parseProxy(found.name, found.value)), from: found.name };
}

function exclusion(target: Target, env: NodeJS.ProcessEnv): string | undefined {
  if (/^(?:localhost|.*\.localhost|127(?:\.\d+){3}|::1)$/.test(target.hostname)) return 'loopback';
  const list = (read(env, 'no_proxy')?.value ?? '').split(/[\s,]+/).filter((entry) => entry !== '');
  const entry = list.find((each) => matches(target, each.toLowerCase()));
  return entry === undefined ? undefined : `${read(env, 'no_proxy')!.name}: ${entry}`;
}

function variableFor(target: Target, env: NodeJS.ProcessEnv) {
  return read(env, target.protocol === 'https:' ? 'https_proxy' : 'http_proxy') ?? read(env, 'all_proxy');
}

function read(env: NodeJS.ProcessEnv, name: string): { name: string; value: string } | undefined {
  for (const each of [name, name.toUpperCase()]) {
    const value = env[each];
    if (value) return { name: each, value };
  }
  return undefined;
}

function parseProxy(name: string, value: string): HttpProxy {
  // The value may hold a password and is never repeated.
  const invalid = (reason: string) =>
    new ProvError('OCI_REMOTE_CONFIG_INVALID', { host: 'the proxy', reason });
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(value.trim())?.[1];
  if (scheme !== undefined && !/^https?$/i.test(scheme))
    throw invalid(`${name} names a ${scheme} proxy, and only http and https ones are supported`);
  const match = /^(?:(https?):\/\/)?(?:(.*)@)?([^@/]+)\/?$/i.exec(value.trim());
  const target = match ? parseTarget(`${(match[1] ?? 'http').toLowerCase()}://${match[3]}`) : undefined;
  if (!match || target === undefined) throw invalid(`${name} holds no address of a proxy`);
  if (match[2] === undefined) return { target };
  const [user = '', ...rest] = match[2].split(':');
  const password = decoded(rest.join(':'));
  registerSecret(password);
  const pair = Buffer.from(`${decoded(user)}:${password}`).toString('base64');
  registerSecret(pair);
  return { target, authorization: `Basic ${pair}` };
}

/** A password with a bare `%` is meant as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `*`, host, `.suffix`, `*.suffix`, host:port, address or CIDR. */
function matches(target: Target, entry: string): boolean {
  if (entry === '*') return true;
  const cidr = /^([0-9a-f.:]+)\/(\d{1,3})$/.exec(entry);
  if (cidr) return inSubnet(target.hostname, cidr[1]!, Number(cidr[2]));
  const port = /:(\d+)$/.exec(entry);
  const withoutPort = isIP(entry) === 6 ? entry : entry.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  if (port && isIP(entry) !== 6 && Number(port[1]) !== target.port) return false;
  const suffix = withoutPort.replace(/^\*?\./, '');
  return target.hostname === suffix || target.hostname.endsWith(`.${suffix}`);
}

function inSubnet(hostname: string, net: string, prefix: number): boolean {
  const family = isIP(net);
  if (family === 0 || isIP(hostname) !== family || prefix > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(net, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return list.check(hostname, family === 4 ? 'ipv4' : 'ipv6');
}

/** Name of a proxy for messages: no user information. */
export function proxyName(proxy: HttpProxy): string {
  return hostOf(proxy.target);
}
