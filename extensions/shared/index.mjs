// The one door of what shipped extensions share; the build copies it into each as lib/shared.bundle.mjs.
export { chownTree, findUser, isReachable, isRoot } from './accounts.mjs';
export { conflict, EXIT, invalid, runScript, ScriptError, transient } from './contract.mjs';
export { readJson, replaceDirectory, replaceFile } from './files.mjs';
export { beginInstall, forgetInstall, pruneVersions, replaceLink, undoInstall } from './installation.mjs';
export { stampStatus, writeStamp } from './stamp.mjs';
export { unpackTarball } from './tarball.mjs';
