import { fstatSync } from 'node:fs';

const followed = new WeakSet<NodeJS.WriteStream>();

/** Standard output, made when it is first written to. */
export function standardOutput(): NodeJS.WriteStream {
  return withoutReader(process.stdout);
}

/** Standard error, made when it is first written to. */
export function standardError(): NodeJS.WriteStream {
  return withoutReader(process.stderr);
}

/**
 * Work goes on to its end when nobody reads the output any more (`prov … | head`): stopping in the middle
 * would leave it half-done. Other failed writes are reported by whoever waits for them.
 */
function withoutReader(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  if (!followed.has(stream)) {
    followed.add(stream);
    stream.on('error', () => {});
  }
  return stream;
}

/** Whether a person reads standard error; asked without making the stream where it is a file or a pipe. */
export function errorIsTerminal(): boolean {
  return isDevice(2) && process.stderr.isTTY === true;
}

/** Whether a person types on standard input; asked without making the stream where it is a file or a pipe. */
export function inputIsTerminal(): boolean {
  return isDevice(0) && process.stdin.isTTY === true;
}

function isDevice(descriptor: number): boolean {
  if (process.platform === 'win32') return true;
  try {
    return fstatSync(descriptor).isCharacterDevice();
  } catch {
    // Closed: no terminal either.
    return false;
  }
}
