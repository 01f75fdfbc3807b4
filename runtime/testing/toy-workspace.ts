import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ExtensionManifest } from '#schemas';
import type { DeploymentInput, DeploymentModule } from '../plan/deployment-input.js';
import { sampleModule } from './sample-modules.js';
import { TOY_PROVIDER } from './toy-provider.js';

export interface ToyTaskserv {
  readonly name: string;
  readonly manifest?: Partial<ExtensionManifest>;
  /** File name → content; every file is written under `scripts/`. */
  readonly scripts?: Readonly<Record<string, string>>;
  readonly config?: Readonly<Record<string, unknown>>;
}

/**
 * Appends one line to the effects of the world outside the journal. `check` finds the line again, so that
 * a test can count how often an effect happened.
 */
export const EFFECT_SCRIPTS: Readonly<Record<string, string>> = {
  'install.sh':
    'cat >/dev/null\necho "install $PROVISIONING_TEST_NAME" >> ../../effects\nsleep 0.02\necho \'{"type":"result","changed":true,"outputs":{"made":true}}\'\n',
  'check.sh':
    'cat >/dev/null\nif grep -q "^install $(basename "$PWD")$" ../../effects; then s=done; else s=absent; fi\necho "{\\"type\\":\\"result\\",\\"status\\":\\"$s\\",\\"outputs\\":{\\"made\\":true}}"\n',
  'uninstall.sh':
    'cat >/dev/null\necho "uninstall $(basename "$PWD")" >> ../../effects\necho \'{"type":"result","changed":true}\'\n',
};
export const INSTALL_ONCE = EFFECT_SCRIPTS['install.sh']!.replace(
  '$PROVISIONING_TEST_NAME',
  '$(basename "$PWD")',
);

/** A workspace in a temporary directory with a provider whose servers are directories. */
export class ToyWorkspace {
  readonly root: string;
  readonly #modules: DeploymentModule[] = [];
  servers: DeploymentInput['infra']['servers'] = [];

  constructor(root = mkdtempSync(join(tmpdir(), 'prov-runtime-'))) {
    this.root = root;
    const dir = this.#write('providers/toy', { 'provider.mjs': TOY_PROVIDER });
    const ops = ['create', 'list', 'state', 'exec', 'delete', 'allocate_port', 'start', 'stop'];
    const operations = Object.fromEntries(ops.map((op) => [op, 'scripts/provider.mjs']));
    this.#modules.push({
      ...sampleModule('provider', 'toy', { operations }),
      dir,
      config: { root: join(root, 'servers') },
    });
  }

  /** Adds a taskserv; its scripts are those that EFFECT_SCRIPTS has unless they are given. */
  add(toy: ToyTaskserv): this {
    const scripts = toy.scripts ?? { ...EFFECT_SCRIPTS, 'install.sh': INSTALL_ONCE };
    const dir = this.#write(`taskservs/${toy.name}`, scripts);
    const named = Object.fromEntries(
      Object.keys(scripts).map((file) => [file.slice(0, file.lastIndexOf('.')), `scripts/${file}`]),
    );
    const module = sampleModule('taskserv', toy.name, { scripts: named, ...toy.manifest });
    const others = this.#modules.filter((each) => each.name !== toy.name);
    this.#modules.splice(0, this.#modules.length, ...others, { ...module, dir, config: toy.config ?? {} });
    return this;
  }

  input(taskservs?: readonly string[]): DeploymentInput {
    const names =
      taskservs ?? this.#modules.filter((each) => each.kind === 'taskserv').map((each) => each.name);
    const server = { name: 'one', provider: 'toy', taskservs: names.map((name) => ({ name })) };
    return {
      workspace: { name: 'toy', root: this.root },
      infra: { name: 'dev', servers: this.servers.length > 0 ? this.servers : [server] },
      modules: this.#modules,
    };
  }

  /** What happened in the world, in order. */
  effects(): readonly string[] {
    const path = join(this.root, 'effects');
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
  }

  note(line: string): void {
    appendFileSync(join(this.root, 'effects'), `${line}\n`);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  #write(folder: string, scripts: Readonly<Record<string, string>>): string {
    const dir = join(this.root, folder);
    for (const [name, content] of Object.entries(scripts)) {
      const path = join(dir, 'scripts', name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
    return dir;
  }
}
