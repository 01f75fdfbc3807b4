import type { Digest } from '#base';
import type { ExtensionManifest, Kind, LockEntry } from '#schemas';
import type { ConfigValue } from './config-node.js';

/** Which copy of an extension is used: infra > workspace > core, where core is what the lock installed. */
export const MODULE_LAYERS = ['infra', 'workspace', 'core'] as const;
export type ModuleLayer = (typeof MODULE_LAYERS)[number];

/** A loaded extension: where it is, its manifest, and what it is configured with. Plain data. */
export interface Module {
  readonly kind: Kind;
  readonly name: string;
  readonly version: string;
  /** Absolute path of the extension's directory. */
  readonly dir: string;
  readonly layer: ModuleLayer;
  /** Identity of the content: the manifest's digest of a locked extension, the tree's digest of a local one. */
  readonly digest: Digest;
  readonly manifest: ExtensionManifest;
  /** Copies in lower layers that this one hides, nearest first. */
  readonly shadows: readonly ModuleShadow[];
  /** The lock's block when `layer` is `core`. */
  readonly lock?: LockEntry;
  /** Without what single servers say. */
  readonly config: ModuleConfig;
  /** One for each server that the infra puts it on, in the order of `settings.yaml`. */
  readonly placements: readonly ModulePlacement[];
  /** Assets for this machine's platform. */
  readonly assets: readonly ModuleAsset[];
}

export interface ModuleShadow {
  readonly layer: ModuleLayer;
  readonly version: string;
  readonly dir: string;
}

/** Merged settings, and each of them with its origin. */
export interface ModuleConfig {
  readonly values: Readonly<Record<string, unknown>>;
  readonly provenance: readonly ConfigValue[];
}

export interface ModulePlacement {
  readonly server: string;
  /** The cluster that brings it, when it is there as a component. */
  readonly cluster?: string;
  /** Complete and checked against the extension's schema. */
  readonly config: ModuleConfig;
}

export interface ModuleAsset {
  readonly name: string;
  /** Absolute path under `.cache/assets`. */
  readonly path: string;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Bytes on disk. */
  readonly size: number;
}
