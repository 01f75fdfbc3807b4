import { ProvError, registerSecret } from '#base';

const MAX_BYTES = 64 * 1024;

/** All of standard input as one secret, its line end left out. @throws CLI_USAGE when there is none, or too much */
export async function secretFromStdin(what: string): Promise<string> {
  return checked((await textFromStdin(what)).replace(/\r?\n$/, ''), what);
}

/** All of standard input, of many lines, as a secret. @throws CLI_USAGE when there is too much */
export async function textFromStdin(what: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > MAX_BYTES)
      throw new ProvError('CLI_USAGE', {
        reason: `the ${what} on standard input is over ${MAX_BYTES} bytes`,
      });
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (text.trim() !== '') registerSecret(text.trim());
  return text;
}

/** Asks on the terminal and shows nothing of what is typed. @throws CLI_USAGE when nothing was typed */
export async function askSecret(question: string, what: string, signal: AbortSignal): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.resume();
  try {
    return checked(await typed(signal), what);
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
}

function typed(signal: AbortSignal): Promise<string> {
  const { stdin } = process;
  let text = '';
  return new Promise((resolve, reject) => {
    const done = (finish: () => void) => {
      stdin.off('data', read);
      signal.removeEventListener('abort', abort);
      finish();
    };
    const abort = () => done(() => reject(signal.reason));
    const read = (data: Buffer) => {
      for (const character of data.toString('utf8')) {
        if (character === '\r' || character === '\n') return done(() => resolve(text));
        // In raw mode the terminal sends Ctrl-C and Ctrl-D as characters.
        if (character === '\u0003') return done(() => reject(new ProvError('BASE_INTERRUPTED')));
        if (character === '\u0004') return done(() => resolve(text));
        if (character === '\u007f' || character === '\b') text = [...text].slice(0, -1).join('');
        else if (text.length < MAX_BYTES) text += character;
      }
    };
    signal.addEventListener('abort', abort, { once: true });
    stdin.on('data', read);
  });
}

function checked(secret: string, what: string): string {
  if (secret === '') throw new ProvError('CLI_USAGE', { reason: `the ${what} is empty` });
  if (/[\r\n\0]/.test(secret))
    throw new ProvError('CLI_USAGE', { reason: `the ${what} has more than one line` });
  registerSecret(secret);
  return secret;
}
