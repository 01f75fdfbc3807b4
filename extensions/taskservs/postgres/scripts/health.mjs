import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Client } from '../lib/pg.bundle.mjs';
import { runScript } from '../lib/shared.bundle.mjs';
import { layout, settings } from './layout.mjs';

const TIMEOUT_MS = 5000;

/** Healthy when an application's login can write a random row and read it back. */
async function health(request) {
  const { port, database, user } = settings(request);
  const value = randomUUID();
  let client;
  try {
    const password = readFileSync(layout(request).userPassword, 'utf8').trim();
    client = new Client({
      host: '127.0.0.1',
      port,
      database,
      user,
      password,
      connectionTimeoutMillis: TIMEOUT_MS,
      query_timeout: TIMEOUT_MS,
    });
    client.on('error', () => {});
    await client.connect();
    await client.query('CREATE TEMPORARY TABLE health (value text NOT NULL)');
    await client.query('INSERT INTO health VALUES ($1)', [value]);
    const { rows } = await client.query(
      "SELECT value, current_setting('server_version') AS version FROM health",
    );
    if (rows[0]?.value !== value)
      return { status: 'unhealthy', message: 'the row that was written did not come back' };
    return { status: 'healthy', message: `PostgreSQL ${rows[0].version} on 127.0.0.1:${port}` };
  } catch (error) {
    return {
      status: 'unhealthy',
      message: `PostgreSQL on 127.0.0.1:${port} does not answer: ${error.code ?? ''} ${error.message}`,
    };
  } finally {
    await client?.end().catch(() => {});
  }
}

await runScript({ health });
