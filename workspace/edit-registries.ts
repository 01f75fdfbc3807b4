import { join } from 'node:path';
import { isMap, isSeq } from 'yaml';
import { type EditResult, editFile } from './edit-requirements.js';
import { PROVISIONING_FILE } from './find-workspace.js';
import { assertRegistry } from './registries.js';

export interface RegistryEdit {
  readonly id: string;
  /** `host[:port]` */
  readonly url: string;
  /** Kept as it is when absent. */
  readonly namespace?: string | undefined;
}

/**
 * Says in `config/provisioning.yaml` where the registry `id` is, adding it when it is not listed.
 * @throws WORKSPACE_REGISTRY_INVALID before anything is written
 */
export async function setRegistry(root: string, edit: RegistryEdit): Promise<EditResult> {
  assertRegistry(edit, join(root, PROVISIONING_FILE));
  return editFile(root, (document) => {
    const wanted = Object.entries(edit).filter(([, value]) => value !== undefined);
    const list = document.getIn(['registries']);
    const at = isSeq(list) ? list.items.findIndex((item) => isMap(item) && item.get('id') === edit.id) : -1;
    if (at >= 0) for (const [key, value] of wanted) document.setIn(['registries', at, key], value);
    else if (isSeq(list)) list.add(document.createNode(Object.fromEntries(wanted)));
    else document.setIn(['registries'], document.createNode([Object.fromEntries(wanted)]));
  });
}
