import { EFFECT_SCRIPTS, ToyWorkspace } from './toy-workspace.js';

/** The effect is one appended line between two pauses, so that a kill can fall on either side of it. */
const SLOW_INSTALL = `cat >/dev/null
sleep 0.04
echo "install $(basename "$PWD")" >> ../../effects
sleep 0.04
echo '{"type":"result","changed":true,"outputs":{"made":true}}'
`;

/** Three taskservs, one of them after the others; each leaves one line in the world. */
export function crashWorkspace(root: string): ToyWorkspace {
  const scripts = { ...EFFECT_SCRIPTS, 'install.sh': SLOW_INSTALL };
  const manifest = { dependencies: { aa: { version: '*' }, bb: { version: '*' } } };
  return new ToyWorkspace(root)
    .add({ name: 'aa', scripts })
    .add({ name: 'bb', scripts })
    .add({ name: 'cc', scripts, manifest });
}
