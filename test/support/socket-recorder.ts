import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Node's own names of what reaches the network, below every module that could be used for it: connections, servers,
 * datagrams, resolver queries and look-ups of names. Pipes are not among them.
 */
const NETWORK = [
  'TCPWRAP',
  'TCPSERVERWRAP',
  'TCPCONNECTWRAP',
  'TLSWRAP',
  'UDPWRAP',
  'UDPSENDWRAP',
  'GETADDRINFOREQWRAP',
  'GETNAMEINFOREQWRAP',
  'DNSCHANNEL',
  'QUERYWRAP',
];

/** Sees each resource before the code that made it goes on; worker threads and child processes of Node load it too. */
const PRELOAD = `'use strict';
const { createHook } = require('node:async_hooks');
const { appendFileSync } = require('node:fs');
const file = process.env.PROV_TEST_SOCKETS;
const network = new Set(${JSON.stringify(NETWORK)});
appendFileSync(file, 'loaded ' + process.pid + '\\n');
createHook({
  init(id, type) {
    if (network.has(type)) appendFileSync(file, type + ' ' + process.pid + '\\n');
  },
}).enable();
`;

export interface SocketRecorder {
  /** To be merged into the environment of the command. */
  readonly env: NodeJS.ProcessEnv;
  /** What was opened since the last call, and how many processes and threads were watched. */
  take(): { readonly watched: number; readonly opened: readonly string[] };
}

/** Records each use of the network by a Node program and by the Node programs that it starts. */
export function socketRecorder(folder: string): SocketRecorder {
  mkdirSync(folder, { recursive: true });
  const [preload, seen] = [join(folder, 'recorder.cjs'), join(folder, 'sockets')];
  writeFileSync(preload, PRELOAD);
  return {
    env: { NODE_OPTIONS: `--require ${JSON.stringify(preload)}`, PROV_TEST_SOCKETS: seen },
    take() {
      const lines = existsSync(seen) ? readFileSync(seen, 'utf8').trimEnd().split('\n') : [];
      writeFileSync(seen, '');
      const opened = lines.filter((line) => line !== '' && !line.startsWith('loaded '));
      return { watched: lines.filter((line) => line.startsWith('loaded ')).length, opened };
    },
  };
}
