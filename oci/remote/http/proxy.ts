import { BlockList, isIP } from 'node:net';
import { registerSecret } from '#base';
import { hostOf, parseTarget, type Target } from './target.js';

export interface HttpProxy {
  readonly target: Target;
  /** Value of `Proxy-Authorization`. */
  readonly authorization?: string | undefined;
}

/**
 * The proxy the environment names for a target: `https_proxy`, `http_proxy`, `all_proxy` (lower case first)
 * unless `no_proxy` covers it. Loopback never goes through a proxy.
 */
export function proxyFor(target: Target, env: NodeJS.ProcessEnv): HttpProxy | undefined {
  const loopback = /^(?:localhost|.*\.localhost|127(?:\.\d+){3}|::1)$/.test(target.hostname);
  if (loopback || isExcluded(target, read(env, 'no_proxy') ?? '')) return undefined;
  const own = target.protocol === 'https:' ? read(env, 'https_proxy') : read(env, 'http_proxy');
  const value = own ?? read(env, 'all_proxy');
  return value === undefined ? undefined : parseProxy(value);
}

function read(env: NodeJS.ProcessEnv, name: string): string | undefined {
  return env[name] || env[name.toUpperCase()] || undefined;
}

function parseProxy(value: string): HttpProxy | undefined {
  const match = /^(?:(https?):\/\/)?(?:([^@/]*)@)?([^@/]+)\/?$/i.exec(value.trim());
  if (!match) return undefined;
  const target = parseTarget(`${match[1] ?? 'http'}://${match[3]}`);
  if (target === undefined) return undefined;
  if (match[2] === undefined) return { target };
  const [user = '', ...rest] = match[2].split(':');
  const password = decodeURIComponent(rest.join(':'));
  registerSecret(password);
  const pair = Buffer.from(`${decodeURIComponent(user)}:${password}`).toString('base64');
  registerSecret(pair);
  return { target, authorization: `Basic ${pair}` };
}

/** `*`, host, `.suffix`, `*.suffix`, host:port, address or CIDR; separated by commas or spaces. */
function isExcluded(target: Target, list: string): boolean {
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => matches(target, entry.toLowerCase()));
}

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
