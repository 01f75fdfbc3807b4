import { type ChildProcess, spawn } from 'node:child_process';

export interface ShellResult {
  readonly code: number;
  /** Standard output and standard error, as a reader would see them. */
  readonly output: string;
}

/** A shell that keeps directory and variables between commands, as the terminal of a reader does. */
export interface Shell {
  run(command: string): Promise<ShellResult>;
  close(): Promise<void>;
}

const END = /__END__ (\d+)\n$/;

/** Starts `bash` in `cwd`. A command that takes longer than `timeoutMs` kills the shell. */
export function openShell(cwd: string, env: NodeJS.ProcessEnv, timeoutMs = 120_000): Shell {
  const child: ChildProcess = spawn('bash', ['--noprofile', '--norc'], {
    cwd,
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    async run(command) {
      let output = '';
      const { promise, stop } = untilEnd(child, (text) => {
        output += text;
        return END.exec(output);
      });
      const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
      child.stdin!.write(`{ ${command}\n} 2>&1 </dev/null; printf '\\n__END__ %d\\n' "$?"\n`);
      try {
        const [whole, code] = await promise;
        return { code: Number(code), output: output.slice(0, -whole.length) };
      } catch (error) {
        throw new Error(`the shell ended during: ${command}\n${output}`, { cause: error });
      } finally {
        clearTimeout(timer);
        stop();
      }
    },
    async close() {
      child.stdin!.end();
      await closed;
    },
  };
}

function untilEnd(child: ChildProcess, onText: (text: string) => RegExpExecArray | null) {
  let stop = () => {};
  const promise = new Promise<readonly [string, string]>((resolve, reject) => {
    const onData = (chunk: Buffer) => {
      const match = onText(chunk.toString());
      if (match !== null) resolve([match[0], match[1]!]);
    };
    const onClose = () => reject(new Error('closed'));
    child.stdout!.on('data', onData);
    child.once('close', onClose);
    stop = () => {
      child.stdout!.off('data', onData);
      child.off('close', onClose);
    };
  });
  return { promise, stop };
}
