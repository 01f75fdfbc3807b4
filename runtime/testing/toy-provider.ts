/** A provider in one script: a server is a directory, a service a detached process with a pid file. */
export const TOY_PROVIDER = `
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

let text = '';
for await (const chunk of process.stdin) text += chunk;
const { op, input, config } = JSON.parse(text);
const dir = join(config.root, input.server);
const file = (name) => join(dir, 'run', name);
const alive = (pid) => { try { process.kill(pid, 0); return !readFileSync('/proc/' + pid + '/stat', 'utf8').includes(') Z '); } catch { return false; } };
const services = () => existsSync(join(dir, 'run')) ? readdirSync(join(dir, 'run')).map((name) => {
  const pid = Number(readFileSync(file(name), 'utf8'));
  return { name, pid, state: alive(pid) ? 'running' : 'stopped' };
}) : [];
const operations = {
  create() {
    mkdirSync(join(dir, 'run'), { recursive: true });
    return { dir, prefix: join(dir, 'prefix') };
  },
  delete() { operations.stop(); rmSync(dir, { recursive: true, force: true }); return {}; },
  state: () => ({ exists: existsSync(dir), services: services() }),
  list: () => ({ servers: readdirSync(config.root).map((name) => ({ name })) }),
  exec() {
    const { status, stdout, stderr } = spawnSync(input.argv[0], input.argv.slice(1), { cwd: dir, encoding: 'utf8' });
    return { code: status, stdout, stderr };
  },
  allocate_port() {
    const path = join(dir, 'ports.json');
    const ports = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
    ports[input.name] ??= input.preferred ?? 20000 + Object.keys(ports).length;
    writeFileSync(path, JSON.stringify(ports));
    return { port: ports[input.name] };
  },
  start() {
    for (const { name, argv, env } of input.services) {
      if (services().some((each) => each.name === name && each.state === 'running')) continue;
      const child = spawn(argv[0], argv.slice(1), { detached: true, stdio: 'ignore', env: { ...process.env, ...env } });
      writeFileSync(file(name), String(child.pid));
      child.unref();
    }
    return { services: services() };
  },
  stop() {
    for (const { name, pid, state } of services()) {
      if (input.services !== undefined && !input.services.includes(name)) continue;
      if (state === 'running') process.kill(pid, 'SIGKILL');
    }
    return {};
  },
};
const outputs = operations[op]();
process.stdout.write(JSON.stringify({ type: 'result', changed: true, outputs }) + '\\n');
`;
