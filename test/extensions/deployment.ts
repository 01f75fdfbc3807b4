import assert from 'node:assert/strict';
import { type Account, type RequestParts, type ScriptRun, Stage } from './harness.js';

const LOCAL = 'providers/local';

/** One server of provider local with taskservs on it, driven step by step as the runtime drives them. */
export class Deployment {
  readonly stage: Stage;
  prefix = '';
  readonly #server = 'node-1';
  readonly #outputs: Record<string, unknown> = {};
  #target: Record<string, unknown> = {};

  constructor(account: Account) {
    this.stage = new Stage(account);
  }

  /** An operation of the provider on this server. */
  async provider(op: string, input: RequestParts = {}): Promise<ScriptRun> {
    const config = { root: this.stage.serversRoot, restart: { first_delay_ms: 50 } };
    return succeeded(await this.stage.run(LOCAL, op, { input: { server: this.#server, ...input }, config }));
  }

  async create(): Promise<void> {
    const { outputs } = await this.provider('create');
    this.prefix = outputs['prefix'] as string;
    const user = outputs['service_user'];
    this.#target = {
      prefix: this.prefix,
      dir: outputs['dir'],
      ...(user === undefined ? {} : { service_user: user }),
    };
  }

  /** A script of a taskserv or cluster, with its ports reserved and the outputs of what is installed. */
  async run(extension: string, op: string, parts: RequestParts = {}): Promise<ScriptRun> {
    const manifest = this.stage.prepare(extension);
    const ports: Record<string, number> = {};
    for (const permission of manifest.permissions?.network ?? []) {
      const name = /^listen:(.+)$/.exec(permission)?.[1];
      if (name !== undefined)
        ports[name] = (await this.provider('allocate_port', { name })).outputs['port'] as number;
    }
    const { node = [process.execPath], prov, ...others } = parts;
    const target = { provider: 'local', server: this.#server, ...this.#target, ports, node, prov };
    const outputs = { ...this.#outputs };
    return this.stage.run(extension, op, {
      target,
      outputs,
      assets: this.stage.assets(extension),
      ...others,
    });
  }

  /** Installs, starts the services and waits until it is healthy. */
  async install(extension: string, parts: RequestParts = {}): Promise<ScriptRun> {
    const run = succeeded(await this.run(extension, 'install', parts));
    this.#outputs[this.stage.prepare(extension).name] = run.outputs;
    if (run.result.services !== undefined) await this.provider('start', { services: run.result.services });
    await this.untilHealth(extension, 'healthy');
    return run;
  }

  async untilHealth(extension: string, status: string): Promise<ScriptRun> {
    const until = Date.now() + 30_000;
    for (;;) {
      const run = succeeded(await this.run(extension, 'health'));
      if (run.result.status === status) return run;
      if (Date.now() > until) assert.fail(`${extension} is ${run.result.status}: ${run.result.message}`);
    }
  }

  /** Stops and removes everything. */
  async remove(): Promise<void> {
    await this.provider('delete');
    this.stage.remove();
  }
}

/** The run itself, when its script succeeded. */
export function succeeded(run: ScriptRun): ScriptRun {
  assert.equal(run.code, 0, run.stderr);
  return run;
}
