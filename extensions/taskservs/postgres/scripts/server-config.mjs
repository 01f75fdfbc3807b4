import { replaceFile } from '../lib/shared.bundle.mjs';

/** Writes both configuration files; they hold no secret. */
export function writeServerConfig(place, { port, maxConnections, sharedBuffersMb }) {
  const config = {
    listen_addresses: '127.0.0.1',
    port,
    // Password logins over loopback only; a socket file would need a short path and buys nothing here.
    unix_socket_directories: '',
    hba_file: place.access,
    password_encryption: 'scram-sha-256',
    max_connections: maxConnections,
    shared_buffers: `${sharedBuffersMb}MB`,
    log_line_prefix: '%m [%p] ',
    log_timezone: 'UTC',
    timezone: 'UTC',
    lc_messages: 'C',
  };
  const lines = Object.entries(config).map(
    ([key, value]) => `${key} = ${typeof value === 'number' ? value : `'${value.replaceAll("'", "''")}'`}`,
  );
  replaceFile(place.config, `${lines.join('\n')}\n`);
  replaceFile(place.access, 'host all all 127.0.0.1/32 scram-sha-256\n');
}
