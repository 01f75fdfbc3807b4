import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { type TestContext, test } from 'node:test';
import { probeHttp, probeTcp } from './probe.js';
import { waitForHealth } from './wait-for-health.js';

async function listen(
  t: TestContext,
  server: Server,
): Promise<{ host: string; port: number; timeoutMs: number }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, timeoutMs: 300 };
}

test('http: a status below 400 is healthy, another one, silence and a closed port are not', async (t) => {
  const server = createServer((request, response) => {
    if (request.url === '/silent') return;
    response.writeHead(request.url === '/bad' ? 503 : 204).end();
  });
  t.after(() => server.closeAllConnections());
  const target = await listen(t, server);
  assert.equal((await probeHttp(target, '/')).healthy, true);
  assert.deepEqual(await probeHttp(target, '/bad'), { healthy: false, message: 'GET /bad answered 503' });
  assert.match((await probeHttp(target, '/silent')).message, /no answer in 300 ms/);
  assert.match((await probeHttp({ ...target, port: 1 }, '/')).message, /ECONNREFUSED/);
});

test('tcp: a port that accepts is healthy, a closed one is not', async (t) => {
  const target = await listen(
    t,
    createTcpServer((socket) => socket.destroy()),
  );
  assert.equal((await probeTcp(target)).healthy, true);
  assert.match((await probeTcp({ ...target, port: 1 })).message, /ECONNREFUSED/);
});

test('looks go on until one is healthy or the retries are used up, and stop on abort', async () => {
  let looks = 0;
  const after = (n: number) => async () => {
    looks += 1;
    return { healthy: looks >= n, message: `look ${looks}` };
  };
  const seen: number[] = [];
  const plan = {
    retries: 4,
    intervalMs: 1,
    onUnhealthy: (_answer: unknown, look: number) => seen.push(look),
  };
  assert.deepEqual(await waitForHealth(after(3), plan), { healthy: true, message: 'look 3', looks: 3 });
  assert.deepEqual(seen, [1, 2]);
  looks = 0;
  assert.deepEqual(await waitForHealth(after(99), plan), { healthy: false, message: 'look 5', looks: 5 });
  await assert.rejects(
    waitForHealth(after(999), { ...plan, retries: 1000, signal: AbortSignal.timeout(50) }),
    { name: /Abort|Timeout/ },
  );
});
