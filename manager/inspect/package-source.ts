import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ProvError } from '#base';
import type { DirectoryReference, FileReference, RemoteReference } from '#schemas';

/** What a path or a reference turned out to be. An archive is a `NAME-VERSION.tar.gz` of one directory. */
export type PackageSource =
  | DirectoryReference
  | { readonly type: 'archive'; readonly path: string }
  | FileReference
  | RemoteReference;

/**
 * Looks what is at a path: an extension directory, an archive of one, an OCI layout directory or a tar of a
 * layout. A path without anything counts as a directory, whose absence is told by whoever reads it.
 * @throws BASE_FILE_UNREADABLE, MANAGER_PACKAGE_FORM_UNKNOWN
 */
export async function packageAt(path: string): Promise<PackageSource> {
  const found = await statOf(path);
  if (found === undefined) return { type: 'directory', path };
  if (found.isDirectory()) {
    const layout = (await statOf(join(path, 'oci-layout'))) !== undefined;
    return { type: layout ? 'oci-layout' : 'directory', path };
  }
  const form = found.isFile() ? await formOf(path) : undefined;
  if (form === undefined) throw new ProvError('MANAGER_PACKAGE_FORM_UNKNOWN', { path });
  return { type: form, path };
}

async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ProvError('BASE_FILE_UNREADABLE', { path, reason: code ?? message }, { cause: error });
  }
}

const HEADER_BYTES = 512;
const TAR_MAGIC_AT = 257;

async function formOf(path: string): Promise<'archive' | 'bundle' | undefined> {
  const head = Buffer.alloc(HEADER_BYTES);
  try {
    const file = await open(path, 'r');
    try {
      await file.read(head, 0, HEADER_BYTES, 0);
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ProvError('BASE_FILE_UNREADABLE', { path, reason: code ?? message }, { cause: error });
  }
  if (head[0] === 0x1f && head[1] === 0x8b) return 'archive';
  return head.toString('latin1', TAR_MAGIC_AT, TAR_MAGIC_AT + 5) === 'ustar' ? 'bundle' : undefined;
}
