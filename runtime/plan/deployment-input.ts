import type { ExtensionManifest, Kind } from '#schemas';

/** An asset that is on this machine and whose bytes were verified against the manifest. */
export interface LocalAsset {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
}

/** An extension that is loaded: the layers have been decided, configuration is merged. */
export interface DeploymentModule {
  readonly kind: Kind;
  readonly name: string;
  readonly version: string;
  /** Directory that holds `manifest.yaml` and `scripts/`. */
  readonly dir: string;
  /** Identity of the content: manifest digest of a locked extension, tree digest of a local one. */
  readonly digest: string;
  readonly manifest: ExtensionManifest;
  /** Defaults < workspace < infra, merged. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Complete configuration on single servers; where there is one, it takes the place of `config`. */
  readonly configOn?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
  /** Assets of this platform by name. */
  readonly assets: Readonly<Record<string, LocalAsset>>;
}

/** An extension that a server is to have, with the configuration of that place. */
export interface Placed {
  readonly name: string;
  readonly config?: Readonly<Record<string, unknown>> | undefined;
}

export interface ServerPlacement {
  readonly name: string;
  readonly provider: string;
  readonly taskservs?: readonly Placed[] | undefined;
  readonly clusters?: readonly Placed[] | undefined;
}

/** A resolved dependency. Names are bare; `kind` tells apart equal names. */
export interface DependencyEdge {
  readonly from: { readonly kind: Kind; readonly name: string };
  readonly to: { readonly kind: Kind; readonly name: string };
  /** Name the manifest depends on, when it is a capability that `to` provides. */
  readonly capability?: string | undefined;
  readonly optional?: boolean | undefined;
  readonly waitForHealth?: boolean | undefined;
}

/** All that planning needs: plain data, so that a plan is a pure function of it. */
export interface DeploymentInput {
  readonly workspace: { readonly name: string; readonly root: string };
  readonly infra: { readonly name: string; readonly servers: readonly ServerPlacement[] };
  readonly modules: readonly DeploymentModule[];
  /** Capability → name of the extension that the lock chose for it. */
  readonly capabilities?: Readonly<Record<string, string>> | undefined;
  /** Left out, they are read from the manifests of `modules`. */
  readonly edges?: readonly DependencyEdge[] | undefined;
}
