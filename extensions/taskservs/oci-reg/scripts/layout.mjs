import { join } from 'node:path';
import { invalid } from '../lib/shared.bundle.mjs';

/** Where the registry keeps its content, and its home for everything else. */
export function layout(request) {
  const state = join(request.target.prefix, 'var', 'oci-reg');
  return {
    state,
    data: join(state, 'data'),
    home: join(state, 'home'),
  };
}

/** The reserved port. */
export function listenPort(request) {
  const port = request.target.ports?.registry;
  if (!Number.isInteger(port)) throw invalid("no port was reserved for 'registry'");
  return port;
}
