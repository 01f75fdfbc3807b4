export { BUNDLE_VERSION, type BundleFile } from './bundle-format.js';
export { type ExportEvent, type ExportOptions, type ExportResult, exportBundle } from './export-bundle.js';
export {
  type BundledExtension,
  type ImportEvent,
  type ImportOptions,
  type ImportResult,
  importBundle,
} from './import-bundle.js';
export { type BundledExtensionReport, type BundleReport, inspectBundle } from './inspect-bundle.js';
export type { LockRoot } from './lock-roots.js';
