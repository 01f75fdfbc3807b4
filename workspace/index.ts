export { type ChangeOptions, changeWorkspace } from './change-workspace.js';
export { type OpenOptions, SYSTEM_CONFIG_DIR } from './config-layers.js';
export {
  CONFIG_LAYERS,
  type ConfigBranch,
  type ConfigLayer,
  type ConfigOrigin,
  type ConfigReplaced,
  type ConfigValue,
  formatOrigin,
} from './config-node.js';
export { type RegistryEdit, setRegistry } from './edit-registries.js';
export {
  type EditResult,
  type PlannedEdit,
  planRemoveRequirement,
  planSetRequirement,
  type RequirementEdit,
  removeRequirement,
  setRequirement,
} from './edit-requirements.js';
export { planSetResolution, type ResolutionEdit } from './edit-resolution.js';
export { configValue, configValues, explainConfig, formatConfigValue } from './explain-config.js';
export { findWorkspace, PROVISIONING_FILE } from './find-workspace.js';
export { type InitResult, initWorkspace } from './init-workspace.js';
export { assetInstallPath, moduleInstallDir } from './install-paths.js';
export { type AssetGuard, createAssetGuard, isAssetIntact } from './installed-assets.js';
export { assertInstalledTree, recordInstalledTree, type TreeOptions } from './installed-tree.js';
export { type Infra, loadInfra } from './load-infra.js';
export { type LoadModulesOptions, loadModules } from './load-modules.js';
export { DEFAULT_MODE, MODE_RULES, type ModeRules, normaliseMode } from './modes.js';
export {
  MODULE_LAYERS,
  type Module,
  type ModuleAsset,
  type ModuleConfig,
  type ModuleLayer,
  type ModulePlacement,
  type ModuleShadow,
} from './module.js';
export { hostPlatform } from './module-assets.js';
export { isForThisPlatform } from './module-directories.js';
export {
  type MirrorSetting,
  type NetworkLimits,
  type NetworkSettings,
  type PlacedSetting,
  readNetworkSettings,
} from './network-settings.js';
export { openWorkspace, type Workspace, type WorkspaceResolution } from './open-workspace.js';
export { readText, readTextIfThere } from './read-text.js';
export type { WorkspaceRegistry } from './registries.js';
export type { Requirement } from './requirements.js';
export { readUserRegistry, readUserSettings } from './user-settings.js';
export type { InitOptions, PlannedModule, ServerPlan } from './workspace-tree.js';
