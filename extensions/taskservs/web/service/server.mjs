// GET /healthz · GET /rows/:id · POST /rows. Started as `node server.mjs CONFIG`; ends on SIGTERM.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Pool } from './pg.bundle.mjs';

const CONNECT_TIMEOUT_MS = 3000;
const QUERY_TIMEOUT_MS = 5000;
const REQUEST_TIMEOUT_MS = 15_000;
const TABLE =
  'CREATE TABLE IF NOT EXISTS rows (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, value text NOT NULL)';

const config = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { host, port, database, user, password_file: passwordFile } = config.postgres;
const pool = new Pool({
  host,
  port,
  database,
  user,
  // Read at each new connection: a changed password needs no restart.
  password: () => readFileSync(passwordFile, 'utf8').trim(),
  max: config.max_connections,
  connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  query_timeout: QUERY_TIMEOUT_MS,
});
// An idle connection that PostgreSQL closes is replaced by the next request.
pool.on('error', (error) => console.error(`connection lost: ${error.message}`));

let prepared;
/** The table is made once, when PostgreSQL first answers. */
async function query(text, values) {
  prepared ??= pool.query(TABLE).catch((error) => {
    prepared = undefined;
    // Two services may make the table in the same moment; then it is there.
    if (error.code !== '23505') throw error;
  });
  await prepared;
  return (await pool.query(text, values)).rows;
}

async function answer(request) {
  const { pathname } = new URL(request.url, 'http://localhost');
  if (request.method === 'GET' && pathname === '/healthz') {
    await query('SELECT 1');
    return [200, { ok: true }];
  }
  if (request.method === 'POST' && pathname === '/rows') {
    const value = await readValue(request);
    if (value === undefined)
      return [400, { error: `send {"value": "text"}, at most ${config.max_value_bytes} bytes` }];
    const [row] = await query('INSERT INTO rows (value) VALUES ($1) RETURNING id, value', [value]);
    return [201, row];
  }
  const id = /^\/rows\/(\d{1,18})$/.exec(pathname)?.[1];
  if (request.method === 'GET' && id !== undefined) {
    const [row] = await query('SELECT id, value FROM rows WHERE id = $1', [id]);
    return row === undefined ? [404, { error: `there is no row ${id}` }] : [200, row];
  }
  return [404, { error: 'not found' }];
}

async function readValue(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > config.max_value_bytes) return undefined;
    chunks.push(chunk);
  }
  try {
    const { value } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    return typeof value === 'string' && !value.includes('\0') ? value : undefined;
  } catch {
    return undefined;
  }
}

const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, async (request, response) => {
  let status = 503;
  let body = { error: 'the database does not answer' };
  try {
    [status, body] = await answer(request);
  } catch (error) {
    console.error(`${request.method} ${request.url}: ${error.message}`);
  }
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
});
server.once('error', (error) => {
  console.error(`cannot listen on 127.0.0.1:${config.port}: ${error.code}`);
  process.exit(1);
});
server.listen(config.port, '127.0.0.1', () => console.error(`listening on 127.0.0.1:${config.port}`));

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    server.close(() => pool.end().then(() => process.exit(0)));
    server.closeIdleConnections();
  });
}
