import { BlockList, isIP } from 'node:net';

const INTERNAL = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  INTERNAL.addSubnet(net, prefix, 'ipv4');
}
for (const [net, prefix] of [
  ['::', 128],
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
  // Ways to write an IPv4 address: compatible, translated (NAT64), 6to4.
  ['::', 96],
  ['64:ff9b::', 96],
  ['2002::', 16],
] as const) {
  INTERNAL.addSubnet(net, prefix, 'ipv6');
}

/** Whether a host is an address of this machine, its link or a private network, written as a literal. */
export function isInternalAddress(name: string): boolean {
  // A dot at the end changes nothing but the text.
  const hostname = name.toLowerCase().replace(/\.+$/, '');
  if (hostname === 'localhost' || hostname.endsWith('.localhost')) return true;
  const family = isIP(hostname);
  if (family === 0) return /^(?:0x[0-9a-f]+|\d+)(?:\.(?:0x[0-9a-f]+|\d+)){0,3}$/i.test(hostname);
  if (family === 4) return INTERNAL.check(hostname, 'ipv4');
  const mapped = /^::ffff:(?:(\d+(?:\.\d+){3})|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/i.exec(hostname);
  if (mapped?.[1] !== undefined) return INTERNAL.check(mapped[1], 'ipv4');
  if (mapped) {
    const high = Number.parseInt(mapped[2]!, 16);
    const low = Number.parseInt(mapped[3]!, 16);
    return INTERNAL.check(`${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`, 'ipv4');
  }
  return INTERNAL.check(hostname, 'ipv6');
}

/** Whether an origin outside the registry's may be contacted: never an internal address named by a public registry. */
export function isReachableFrom(registryHostname: string, hostname: string): boolean {
  return !isInternalAddress(hostname) || isInternalAddress(registryHostname);
}
