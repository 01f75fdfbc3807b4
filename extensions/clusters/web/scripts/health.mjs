import { randomUUID } from 'node:crypto';
import { request as ask } from 'node:http';
import { readJson, runScript } from '../lib/shared.bundle.mjs';
import { recordPath } from './members.mjs';

const MAX_BODY_BYTES = 64 * 1024;

/** Healthy when a random row goes in and comes out through the cluster's front door. */
async function health(request) {
  const url = readJson(recordPath(request))?.url;
  if (url === undefined) return { status: 'unhealthy', message: 'not installed' };
  const timeoutMs = (request.config.timeout_seconds ?? 5) * 1000;
  const value = randomUUID();
  try {
    const made = await call('POST', `${url}/rows`, { timeoutMs, body: JSON.stringify({ value }) });
    if (made.status !== 201) return { status: 'unhealthy', message: `POST ${url}/rows says ${made.status}` };
    const read = await call('GET', `${url}/rows/${made.body.id}`, { timeoutMs });
    if (read.status !== 200 || read.body.value !== value)
      return { status: 'unhealthy', message: `row ${made.body.id} did not come back` };
    return { status: 'healthy', message: `a random row went through ${url}` };
  } catch (error) {
    return { status: 'unhealthy', message: `${url} does not answer: ${error.code ?? error.message}` };
  }
}

function call(method, url, { timeoutMs, body }) {
  return new Promise((resolve, reject) => {
    const asked = ask(
      url,
      { method, agent: false, timeout: timeoutMs, headers: { 'content-type': 'application/json' } },
      async (response) => {
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
      },
    );
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    asked.on('error', reject);
    asked.end(body);
  });
}

await runScript({ health });
