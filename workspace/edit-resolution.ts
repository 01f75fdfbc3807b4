import { isMap, isSeq } from 'yaml';
import { type PlannedEdit, planEdit } from './edit-requirements.js';
import type { WorkspaceResolution } from './open-workspace.js';

/** Settings under `resolution` as an edit gives them: what is absent stays. */
export type ResolutionEdit = Partial<WorkspaceResolution>;

/**
 * Makes `config/provisioning.yaml` say how versions are chosen, keeping comments and order. Overrides and providers are
 * added to those that are there, and so are extensions exempt from the minimum age; anything else is replaced.
 * @throws SCHEMAS_* when the file is not valid, or would not be.
 */
export async function planSetResolution(root: string, edit: ResolutionEdit): Promise<PlannedEdit> {
  return planEdit(root, (document) => {
    if (!isMap(document.getIn(['resolution']))) document.deleteIn(['resolution']);
    for (const [key, value] of Object.entries(edit)) {
      const path = ['resolution', key];
      const here = document.getIn(path);
      if (value === undefined) continue;
      if (key === 'overrides' || key === 'providers')
        for (const [name, range] of Object.entries(value)) {
          if (!isMap(document.getIn(path))) document.setIn(path, document.createNode({}));
          document.setIn([...path, name], range);
        }
      else if (key === 'min_age_exempt' && isSeq(here)) {
        const known = new Set((here.toJSON() as unknown[]).map(String));
        for (const name of (value as readonly string[]).filter((each) => !known.has(each)))
          here.add(document.createNode(name));
      } else document.setIn(path, document.createNode(value));
    }
  });
}
