import { get } from 'node:http';
import { runScript } from '../lib/shared.bundle.mjs';
import { listenPort } from './layout.mjs';

const TIMEOUT_MS = 5000;

/** Healthy when `GET /v2/` answers as a registry does: 200, or 401 where logins are asked for. */
async function health(request) {
  const url = `http://127.0.0.1:${listenPort(request)}/v2/`;
  try {
    const status = await ask(url);
    if (status === 200 || status === 401) return { status: 'healthy', message: `GET ${url} says ${status}` };
    return { status: 'unhealthy', message: `GET ${url} says ${status}` };
  } catch (error) {
    return { status: 'unhealthy', message: `GET ${url} failed: ${error.code ?? error.message}` };
  }
}

function ask(url) {
  return new Promise((resolve, reject) => {
    const asked = get(url, { agent: false, timeout: TIMEOUT_MS }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    asked.on('error', reject);
  });
}

await runScript({ health });
