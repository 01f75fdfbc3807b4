import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { Client } from '../lib/pg.bundle.mjs';
import { readJson, runScript } from '../lib/shared.bundle.mjs';
import { layout } from './layout.mjs';

const TIMEOUT_MS = 5000;
const MAX_BODY_BYTES = 64 * 1024;

/** Healthy when a random row, written to PostgreSQL directly, comes back over HTTP. The row is removed again. */
async function health(request) {
  const config = readJson(layout(request).config);
  if (config === undefined) return { status: 'unhealthy', message: 'not installed' };
  const url = `http://127.0.0.1:${config.port}`;
  let client;
  let row;
  try {
    const ready = await fetchJson(`${url}/healthz`);
    if (ready.status !== 200)
      return { status: 'unhealthy', message: `GET /healthz says ${ready.status}: ${ready.body.error}` };
    client = await connect(config.postgres);
    const value = randomUUID();
    const inserted = await client.query('INSERT INTO rows (value) VALUES ($1) RETURNING id', [value]);
    row = inserted.rows[0].id;
    const { status, body } = await fetchJson(`${url}/rows/${row}`);
    if (status !== 200 || body.value !== value)
      return {
        status: 'unhealthy',
        message: `GET /rows/${row} says ${status}, not the row that was written`,
      };
    return { status: 'healthy', message: `a random row came back over ${url}` };
  } catch (error) {
    return {
      status: 'unhealthy',
      message: `${url} or its database does not answer: ${error.code ?? ''} ${error.message}`,
    };
  } finally {
    if (row !== undefined) await client.query('DELETE FROM rows WHERE id = $1', [row]).catch(() => {});
    await client?.end().catch(() => {});
  }
}

async function connect({ host, port, database, user, password_file: passwordFile }) {
  const password = readFileSync(passwordFile, 'utf8').trim();
  const client = new Client({
    host,
    port,
    database,
    user,
    password,
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  });
  client.on('error', () => {});
  await client.connect();
  return client;
}

function fetchJson(url) {
  return new Promise((resolve, reject) => {
    const asked = get(url, { agent: false, timeout: TIMEOUT_MS }, async (response) => {
      try {
        let text = '';
        for await (const chunk of response.setEncoding('utf8')) {
          text += chunk;
          if (text.length > MAX_BODY_BYTES) throw new Error('the answer is too long');
        }
        resolve({ status: response.statusCode, body: JSON.parse(text) });
      } catch (error) {
        reject(error);
      }
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    asked.on('error', reject);
  });
}

await runScript({ health });
