import { join } from 'node:path';

/** Where the files of this version go. */
export function layout(request) {
  const home = join(request.target.prefix, 'lib', 'nushell', request.extension.version);
  return {
    home,
    program: join(home, 'bin', 'nu'),
    link: join(request.target.prefix, 'bin', 'nu'),
    all: join(request.target.prefix, 'lib', 'nushell'),
  };
}
