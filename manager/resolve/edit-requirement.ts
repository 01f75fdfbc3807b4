import { type OpenOptions, openWorkspace, type PlannedEdit, type Workspace } from '#workspace';
import type { ManagerContext } from '../context.js';
import { editIntent } from '../explain/intent.js';
import {
  type ResolveWorkspaceOptions,
  type ResolveWorkspaceResult,
  resolveWorkspace,
} from './resolve-workspace.js';

export interface EditRequirementRequest
  extends Omit<ResolveWorkspaceOptions, 'workspace' | 'beforeWrite' | 'intent'> {
  readonly workspace: Workspace;
  readonly edit: PlannedEdit;
  /** How the workspace was opened. */
  readonly open?: OpenOptions | undefined;
}

/**
 * Edits the requirements and resolves them, all or nothing: the file is written when there is a lock for what
 * it will say, and stays as it was when there is none or when anything fails on the way.
 * @throws MANAGER_UNRESOLVABLE and whatever resolving throws
 */
export async function editRequirement(
  { workspace, edit, open, ...options }: EditRequirementRequest,
  context: ManagerContext,
): Promise<ResolveWorkspaceResult> {
  const { signal } = context;
  const edited = await openWorkspace(workspace.root, { ...open, signal, provisioningText: edit.text });
  const intent = editIntent(workspace, edited);
  return resolveWorkspace(
    { ...options, workspace: edited, intent, beforeWrite: async () => edit.write() },
    context,
  );
}
