/** Exit codes of the script contract; anything else is an ordinary failure. */
export const EXIT = {
  ok: 0,
  failed: 1,
  transient: 10,
  throttled: 11,
  authentication: 12,
  invalid: 13,
  conflict: 14,
  quota: 15,
  temporary: 75,
  cancelled: 130,
};

/** A request larger than this is refused: it is configuration, never content. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;

/** A failure that the caller can act on: its exit code says whether a retry makes sense. */
export class ScriptError extends Error {
  constructor(message, exit = EXIT.failed, options = {}) {
    super(message, options);
    this.name = 'ScriptError';
    this.exit = exit;
  }
}

export const invalid = (message, options) => new ScriptError(message, EXIT.invalid, options);
export const conflict = (message, options) => new ScriptError(message, EXIT.conflict, options);
export const transient = (message, options) => new ScriptError(message, EXIT.transient, options);

/**
 * Reads the request from stdin, runs the handler of its `op`, writes NDJSON to stdout and exits by EXIT.
 * A handler gets `(request, {progress, log, signal})` and returns the members of its `result` line.
 */
export async function runScript(handlers) {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(name, () => stop.abort(new ScriptError(`cancelled by ${name}`, EXIT.cancelled)));
  }
  // The reader may be gone already: then nobody is left to tell, and the exit code still says it.
  process.stdout.on('error', () => {});
  const tools = {
    progress: (message, percent) => emit({ type: 'progress', message, percent }),
    log: (message, level = 'info') => emit({ type: 'log', level, message }),
    signal: stop.signal,
  };
  let code = EXIT.ok;
  try {
    const request = await readRequest(process.stdin);
    const handler = Object.hasOwn(handlers, request.op) ? handlers[request.op] : undefined;
    if (handler === undefined) throw invalid(`this script does not know the operation '${request.op}'`);
    const result = await handler(request, tools);
    stop.signal.throwIfAborted();
    emit({ type: 'result', ...result });
  } catch (error) {
    const reason = stop.signal.aborted ? stop.signal.reason : error;
    code = reason instanceof ScriptError ? reason.exit : EXIT.failed;
    const message = reason instanceof ScriptError ? reason.message : `${reason?.stack ?? reason}`;
    process.stderr.write(`error: ${message}\n`);
    emit({ type: 'result', status: 'failed', message });
  }
  process.stdout.write('', () => process.exit(code));
}

function emit(event) {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

/** The one JSON document on `input`. */
async function readRequest(input) {
  const chunks = [];
  let size = 0;
  for await (const chunk of input) {
    size += chunk.length;
    if (size > MAX_REQUEST_BYTES) throw invalid(`the request is larger than ${MAX_REQUEST_BYTES} bytes`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  let request;
  try {
    request = JSON.parse(text);
  } catch (error) {
    throw invalid('stdin holds no JSON request; this script is run by prov', { cause: error });
  }
  if (request?.contract !== 1)
    throw invalid(`this script speaks contract 1, the request says ${request?.contract}`);
  return { config: {}, assets: {}, outputs: {}, input: {}, target: {}, ...request };
}
