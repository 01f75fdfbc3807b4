import { join } from 'node:path';
import { findUser, invalid, isRoot } from '../lib/shared.bundle.mjs';

/** Where the files of this installation are. */
export function layout(request) {
  const { prefix } = request.target;
  const home = join(prefix, 'lib', 'postgres', request.extension.version);
  const etc = join(prefix, 'etc', 'postgres');
  const state = join(prefix, 'var', 'postgres');
  return {
    prefix,
    home,
    bin: join(home, 'native', 'bin'),
    allVersions: join(prefix, 'lib', 'postgres'),
    etc,
    config: join(etc, 'postgresql.conf'),
    access: join(etc, 'pg_hba.conf'),
    adminPassword: join(etc, 'superuser.password'),
    userPassword: join(etc, 'user.password'),
    state,
    data: join(state, 'data'),
    names: join(state, 'names.json'),
  };
}

/** The account that owns the data; undefined when prov itself is an ordinary user. initdb refuses root. */
export function dataOwner(request) {
  return isRoot() ? findUser(request.target.service_user ?? 'nobody') : undefined;
}

/** The reserved port and the names of the database, checked again: they become part of SQL. */
export function settings(request) {
  const {
    database = 'app',
    user = 'app',
    max_connections: maxConnections = 50,
    shared_buffers_mb: sharedBuffersMb = 32,
  } = request.config;
  for (const name of [database, user]) {
    if (!/^[a-z_][a-z0-9_]{0,62}$/.test(name) || name === 'postgres')
      throw invalid(`'${name}' cannot name a database or role here`);
  }
  const port = request.target.ports?.postgres;
  if (!Number.isInteger(port)) throw invalid("no port was reserved for 'postgres'");
  return { database, user, maxConnections, sharedBuffersMb, port };
}
