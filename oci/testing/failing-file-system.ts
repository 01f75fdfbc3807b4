import { type FileSystem, nodeFileSystem } from '#base';

/**
 * The real file system until operation number `failAt` (from 1), which fails as a full disk does; `steps`
 * says how many operations were asked for. Closing and removing always work, as on a full disk.
 */
export function failingFileSystem(failAt: number): { fileSystem: FileSystem; steps: () => number } {
  let step = 0;
  const counted = <A extends unknown[], R>(action: (...args: A) => R) => {
    return (...args: A): R => {
      step += 1;
      if (step === failAt)
        throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      return action(...args);
    };
  };
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    open: counted(nodeFileSystem.open),
    write: counted(nodeFileSystem.write),
    writeLater: counted(nodeFileSystem.writeLater),
    fsync: counted(nodeFileSystem.fsync),
    fsyncLater: counted(nodeFileSystem.fsyncLater),
    rename: counted(nodeFileSystem.rename),
  };
  return { fileSystem, steps: () => step };
}
