import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findUser, invalid, isRoot } from '../lib/shared.bundle.mjs';

const extension = dirname(dirname(fileURLToPath(import.meta.url)));

/** Files of the service as shipped; they are copied, since the service user may not reach the extension. */
export const SOURCES = {
  'server.mjs': join(extension, 'service', 'server.mjs'),
  'pg.bundle.mjs': join(extension, 'lib', 'pg.bundle.mjs'),
};

/** Where the files of this installation are. */
export function layout(request) {
  const { prefix } = request.target;
  const home = join(prefix, 'lib', 'web', request.extension.version);
  return {
    prefix,
    home,
    program: join(home, 'server.mjs'),
    node: join(home, 'node'),
    allVersions: join(prefix, 'lib', 'web'),
    etc: join(prefix, 'etc', 'web'),
    config: join(prefix, 'etc', 'web', 'config.json'),
  };
}

/** The account that the service runs as; undefined when prov itself is an ordinary user. */
export function serviceAccount(request) {
  return isRoot() ? findUser(request.target.service_user ?? 'nobody') : undefined;
}

/** The reserved port. */
export function listenPort(request) {
  const port = request.target.ports?.http;
  if (!Number.isInteger(port)) throw invalid("no port was reserved for 'http'");
  return port;
}
