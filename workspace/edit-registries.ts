import { isMap, isSeq } from 'yaml';
import { type EditResult, editFile } from './edit-requirements.js';

export interface RegistryEdit {
  readonly id: string;
  /** `host[:port]` */
  readonly url: string;
  /** Kept as it is when absent. */
  readonly namespace?: string | undefined;
}

/** Says in `config/provisioning.yaml` where the registry `id` is, adding it when it is not listed. */
export async function setRegistry(root: string, edit: RegistryEdit): Promise<EditResult> {
  return editFile(root, (document) => {
    const wanted = Object.entries(edit).filter(([, value]) => value !== undefined);
    const list = document.getIn(['registries']);
    const at = isSeq(list) ? list.items.findIndex((item) => isMap(item) && item.get('id') === edit.id) : -1;
    if (at >= 0) for (const [key, value] of wanted) document.setIn(['registries', at, key], value);
    else if (isSeq(list)) list.add(document.createNode(Object.fromEntries(wanted)));
    else document.setIn(['registries'], document.createNode([Object.fromEntries(wanted)]));
  });
}
