import type { ResolveOptions } from '#resolver';
import { idOf, type ShortFacts, type ShortUniverse } from '../../resolver/testing/memory-source.js';

/** A workspace that cannot be resolved, as people meet them. */
export interface Situation {
  readonly id: string;
  readonly title: string;
  /** Name → range; all are task services of the first registry. */
  readonly asks: Readonly<Record<string, string>>;
  readonly universe: ShortUniverse;
  /** `resolution:` of the workspace. */
  readonly platforms?: readonly string[];
  readonly prerelease?: 'never' | 'if-named' | 'if-only' | 'allow';
  readonly overrides?: Readonly<Record<string, string>>;
  /** What only the resolver is told. */
  readonly options?: Partial<ResolveOptions>;
  /** Shown in docs/resolver.md. */
  readonly shown?: boolean;
  /** No one or two changes help. */
  readonly hopeless?: boolean;
}

type Versions = Readonly<Record<string, ShortFacts>>;
const bare = (...versions: string[]): Versions => Object.fromEntries(versions.map((each) => [each, {}]));
/** Versions that all depend on the same. */
const all = (deps: Readonly<Record<string, string>>, ...versions: string[]): Versions =>
  Object.fromEntries(versions.map((each) => [each, { deps }]));

const redis = bare('6.0.20', '6.2.14', '7.0.15', '7.2.4');
const postgres = bare('14.11.0', '15.6.0', '16.1.0', '16.2.0');
const etcd = bare('3.4.30', '3.5.9', '3.5.12');
const containerd: Versions = {
  '1.6.28': { provides: { 'container-runtime': '1.6.28!' } },
  '1.7.13': { provides: { 'container-runtime': '1.7.13!' } },
};
const crio: Versions = { '1.28.4': { provides: { 'container-runtime': '1.28.4!' } } };
const kubernetes: Versions = {
  '1.28.7': { deps: { etcd: '^3.5', containerd: '>=1.6.0' } },
  '1.29.2': { deps: { etcd: '^3.5', containerd: '^1.7' } },
  '1.30.0': { deps: { etcd: '>=3.5.11', containerd: '^1.7' } },
};
const linux = ['linux/amd64'];
const both = ['linux/amd64', 'linux/arm64'];

export const SITUATIONS: readonly Situation[] = [
  // Names and versions that are not there.
  {
    id: 'typing-error',
    title: 'A name with a typing error',
    shown: true,
    asks: { redsi: '^7', etcd: '^3.5' },
    universe: { redis, etcd },
  },
  {
    id: 'no-such-major',
    title: 'A major version that does not exist yet',
    shown: true,
    asks: { redis: '^9' },
    universe: { redis },
  },
  {
    id: 'no-such-patch',
    title: 'A patch that was never published',
    asks: { postgres: '16.3.0' },
    universe: { postgres },
  },
  {
    id: 'range-between',
    title: 'A range between two versions',
    asks: { postgres: '>=15.7.0 <16.0.0' },
    universe: { postgres },
  },
  {
    id: 'only-prereleases',
    title: 'Only pre-releases so far',
    shown: true,
    asks: { cilium: '^1.16' },
    universe: { cilium: bare('1.14.7', '1.15.1', '1.16.0-rc.1', '1.16.0-rc.2') },
  },
  {
    id: 'missing-dependency',
    title: 'A dependency that nobody published',
    shown: true,
    asks: { harbor: '^2' },
    universe: {
      harbor: {
        '2.9.0': { deps: { trivy: '^0.48' } },
        '2.10.0': { deps: { trivy: '^0.49' } },
        '1.10.18': {},
      },
      redis,
    },
  },
  {
    id: 'missing-dependency-everywhere',
    title: 'Every version needs something that is not there',
    asks: { gitea: '^1', redis: '^7' },
    universe: { gitea: all({ 'gitea-runner': '*' }, '1.20.0', '1.21.0'), redis },
  },
  {
    id: 'dependency-too-new',
    title: 'A dependency on a version that is not published',
    shown: true,
    asks: { keycloak: '^24' },
    universe: {
      keycloak: { '23.0.6': { deps: { postgres: '>=14' } }, '24.0.1': { deps: { postgres: '^17' } } },
      postgres,
    },
  },
  {
    id: 'deep-missing',
    title: 'Something missing three levels down',
    asks: { shop: '^1' },
    universe: {
      shop: all({ api: '^2' }, '1.0.0'),
      api: all({ queue: '^3' }, '2.0.0'),
      queue: all({ erlang: '^26' }, '3.12.0'),
      erlang: bare('24.3.0', '25.3.0'),
    },
  },
  {
    id: 'kinds',
    title: 'A pre-release of a dependency',
    asks: { envoy: '^1.29' },
    universe: { envoy: all({ wasm: '^2' }, '1.29.1'), wasm: bare('2.0.0-beta.1', '1.9.0') },
  },

  // Two that want different versions of a third.
  {
    id: 'two-want-redis',
    title: 'Two extensions need different versions of a third',
    shown: true,
    asks: { sidekiq: '^7', gitlab: '^16' },
    universe: {
      sidekiq: {
        '6.5.12': { deps: { redis: '>=6' } },
        '7.2.0': { deps: { redis: '^7' } },
        '7.2.1': { deps: { redis: '^7' } },
      },
      gitlab: all({ redis: '^6' }, '16.8.0', '16.9.1'),
      redis,
    },
  },
  {
    id: 'direct-against-dependency',
    title: 'A requirement against a dependency',
    shown: true,
    asks: { kubernetes: '^1.30', etcd: '~3.4.0' },
    universe: { kubernetes, etcd, containerd },
  },
  {
    id: 'exact-pins',
    title: 'Two exact pins',
    asks: { app: '1.0.0', worker: '1.0.0' },
    universe: {
      app: { '1.0.0': { deps: { libssl: '3.0.13' } } },
      worker: { '1.0.0': { deps: { libssl: '3.1.5' } }, '0.9.0': { deps: { libssl: '3.0.13' } } },
      libssl: bare('3.0.13', '3.1.5'),
    },
  },
  {
    id: 'three-want-postgres',
    title: 'Three extensions and one database',
    shown: true,
    asks: { keycloak: '^23', grafana: '^10', nextcloud: '^28' },
    universe: {
      keycloak: all({ postgres: '^16' }, '23.0.6'),
      grafana: all({ postgres: '>=14' }, '10.3.3'),
      nextcloud: { '28.0.2': { deps: { postgres: '^15' } }, '27.1.7': { deps: { postgres: '>=14' } } },
      postgres,
    },
  },
  {
    id: 'each-version-another-range',
    title: 'Each version wants another range',
    shown: true,
    asks: { rook: '^1', 'ceph-csi': '^3' },
    universe: {
      rook: { '1.11.0': { deps: { ceph: '~17.2.6' } }, '1.12.0': { deps: { ceph: '^17' } } },
      'ceph-csi': {
        '3.10.0': { deps: { ceph: '^18' } },
        '3.9.0': { deps: { ceph: '^18' } },
        '2.9.0': { deps: { ceph: '>=16' } },
      },
      ceph: bare('16.2.14', '17.2.6', '17.2.7', '18.2.1'),
    },
  },
  {
    id: 'two-chains',
    title: 'Two chains that meet deep down',
    shown: true,
    asks: { monitoring: '^2', logging: '^1' },
    universe: {
      monitoring: all({ prometheus: '^2.45' }, '2.0.0', '2.1.0'),
      prometheus: all({ 'node-exporter': '^1.7' }, '2.45.0', '2.49.1'),
      logging: { '1.0.0': { deps: { fluentbit: '^2' } }, '1.1.0': { deps: { fluentbit: '^2' } } },
      fluentbit: all({ 'node-exporter': '~1.6.0' }, '2.1.0', '2.2.2'),
      'node-exporter': bare('1.6.1', '1.7.0'),
    },
  },
  {
    id: 'cascade',
    title: 'Only much older versions fit',
    asks: { argo: '^2.10', 'cert-manager': '1.11.0' },
    universe: {
      argo: { '2.9.0': { deps: { helm: '^3.10' } }, '2.10.0': { deps: { helm: '^3.14' } } },
      'cert-manager': { '1.11.0': { deps: { helm: '~3.11' } }, '1.14.0': { deps: { helm: '^3.13' } } },
      helm: bare('3.10.3', '3.11.3', '3.13.0', '3.14.2'),
    },
  },
  {
    id: 'self-range',
    title: 'A new major is required and an old one needed',
    asks: { traefik: '^3', 'traefik-mesh': '^1' },
    universe: { traefik: bare('2.11.0', '3.0.0'), 'traefik-mesh': all({ traefik: '^2' }, '1.4.8') },
  },
  {
    id: 'cluster-of-five',
    title: 'Five that have to fit together',
    asks: { a1: '*', b1: '*', c1: '*', d1: '*', e1: '*' },
    universe: {
      a1: all({ core: '>=1' }, '1.0.0'),
      b1: all({ core: '<=3' }, '1.0.0'),
      c1: all({ core: '^2' }, '1.0.0'),
      d1: all({ core: '>=1.5.0' }, '1.0.0'),
      e1: all({ core: '^3' }, '1.0.0'),
      core: bare('1.0.0', '1.5.0', '2.0.0', '3.0.0'),
    },
  },
  {
    id: 'both-of-two',
    title: 'Either version breaks something',
    shown: true,
    asks: { mesh: '^1', kubernetes: '1.30.0' },
    universe: {
      kubernetes,
      etcd,
      containerd,
      mesh: { '1.20.0': { deps: { etcd: '~3.4.0' } }, '1.21.0': { deps: { containerd: '~1.6.0' } } },
    },
  },
  {
    id: 'branching',
    title: 'Each way ends somewhere else',
    shown: true,
    asks: { platform: '^1' },
    universe: {
      platform: {
        '1.0.0': { deps: { vault: '^1.14', consul: '^1.16' } },
        '1.1.0': { deps: { nomad: '^1.7', cni: '^1.3' } },
      },
      vault: all({ consul: '^1.15 <1.16.0' }, '1.14.9', '1.15.5'),
      consul: bare('1.15.9', '1.16.5'),
      nomad: all({ cni: '^1.4' }, '1.7.3'),
      cni: bare('1.3.0'),
    },
  },

  // Capabilities and conflicts.
  {
    id: 'two-runtimes',
    title: 'Two container runtimes',
    shown: true,
    asks: { kubernetes: '^1.30', 'cri-o': '^1.28' },
    universe: { kubernetes, etcd, containerd, 'cri-o': crio },
  },
  {
    id: 'direct-runtimes',
    title: 'Two runtimes asked for by name',
    asks: { containerd: '^1.7', 'cri-o': '*' },
    universe: { containerd, 'cri-o': crio },
  },
  {
    id: 'runtime-by-capability',
    title: 'A capability in a version nobody offers',
    shown: true,
    asks: { kubelet: '^1.30', containerd: '*' },
    universe: {
      kubelet: {
        '1.30.0': { deps: { 'container-runtime': '^2' } },
        '1.29.0': { deps: { 'container-runtime': '^1' } },
      },
      containerd,
    },
  },
  {
    id: 'declared-conflict',
    title: 'A declared conflict',
    shown: true,
    asks: { cilium: '^1.15', 'kube-proxy': '^1.29' },
    universe: {
      cilium: { '1.14.7': {}, '1.15.1': { conflicts: { 'kube-proxy': '>=1.29.0' } } },
      'kube-proxy': bare('1.28.7', '1.29.2'),
    },
  },
  {
    id: 'conflict-all',
    title: 'A conflict with every version',
    asks: { calico: '^3', cilium: '^1.15' },
    universe: { calico: { '3.27.0': { conflicts: { cilium: '*' } } }, cilium: bare('1.15.1') },
  },
  {
    id: 'conflict-deep',
    title: 'A conflict with something further down',
    asks: { openshift: '^4', podman: '^4' },
    universe: {
      openshift: all({ 'cri-o': '*' }, '4.14.0'),
      'cri-o': { '1.28.4': { conflicts: { conmon: '>=2.1.0' } } },
      podman: { '4.9.0': { deps: { conmon: '^2.1' } }, '3.4.7': { deps: { conmon: '^2.0.0' } } },
      conmon: bare('2.0.32', '2.1.10'),
    },
  },
  {
    id: 'conflict-and-yanked',
    title: 'A conflict, and the way around it was yanked',
    shown: true,
    asks: { haproxy: '^2.9', keepalived: '*' },
    universe: {
      haproxy: { '2.9.5': { conflicts: { keepalived: '>=2.2.8' } } },
      keepalived: { '2.2.7': { state: 'yanked', reason: 'VRRP flaps' }, '2.2.8': {} },
    },
  },
  {
    id: 'constraint',
    title: 'Fine without, but not with this version',
    asks: { flannel: '*', kubernetes: '^1.28' },
    universe: { flannel: { '0.24.2': { constraints: { etcd: '<3.5.0' } } }, kubernetes, etcd, containerd },
  },
  {
    id: 'mail-transfer',
    title: 'Two mail servers',
    asks: { postfix: '*', exim: '*' },
    universe: {
      postfix: { '3.8.5': { provides: { mta: '1.0.0!' } } },
      exim: { '4.97.1': { provides: { mta: '1.0.0!' } } },
    },
  },
  {
    id: 'runtime-deep',
    title: 'Two runtimes, both deep down',
    asks: { k3s: '*', nomad: '^1.7' },
    universe: {
      k3s: all({ containerd: '*' }, '1.29.1'),
      nomad: { '1.7.3': { deps: { 'cri-o': '*' } }, '1.6.8': {} },
      containerd,
      'cri-o': crio,
    },
  },

  // Platforms.
  {
    id: 'no-arm',
    title: 'No build for one of the platforms',
    shown: true,
    platforms: both,
    asks: { mongodb: '^7' },
    universe: { mongodb: { '7.0.5': { platforms: linux } } },
  },
  {
    id: 'newer-without-arm',
    title: 'Only an older version runs on both platforms',
    asks: { mongodb: '^7' },
    platforms: both,
    universe: { mongodb: { '6.0.13': { platforms: both }, '7.0.5': { platforms: linux } } },
  },
  {
    id: 'dependency-no-arm',
    title: 'A dependency without a build for one platform',
    shown: true,
    platforms: both,
    asks: { gitlab: '^16' },
    universe: { gitlab: all({ gitaly: '^16' }, '16.9.1'), gitaly: { '16.9.1': { platforms: linux } } },
  },
  {
    id: 'two-dependencies-no-arm',
    title: 'One dependency without a build, one without a version',
    platforms: both,
    asks: { stack: '*' },
    universe: {
      stack: all({ left: '^1', right: '^2' }, '1.0.0'),
      left: { '1.0.0': { platforms: linux } },
      right: bare('1.0.0'),
    },
  },

  // The version of prov.
  {
    id: 'newer-prov',
    title: 'Every version needs a newer prov',
    shown: true,
    asks: { crossplane: '^1.15' },
    universe: {
      crossplane: { '1.14.5': {}, '1.15.0': { needs: '>=2.0.0' }, '1.15.1': { needs: '>=2.0.0' } },
    },
  },
  {
    id: 'only-newer-prov',
    title: 'Nothing for this prov',
    asks: { linkerd: '*' },
    universe: { linkerd: { '2.14.0': { needs: '>=2.0.0' } } },
  },
  {
    id: 'dependency-newer-prov',
    title: 'A dependency needs a newer prov',
    asks: { velero: '^1.13' },
    universe: {
      velero: { '1.12.3': {}, '1.13.0': { deps: { restic: '^0.16' } } },
      restic: { '0.16.3': { needs: '>=3.1.0' }, '0.15.0': {} },
    },
  },

  // Yanked, revoked.
  {
    id: 'yanked',
    title: 'The only version in range was yanked',
    shown: true,
    asks: { minio: '~2024.1' },
    universe: {
      minio: { '2024.1.5': { state: 'yanked', reason: 'loses objects on rename' }, '2023.12.0': {} },
    },
  },
  {
    id: 'revoked',
    title: 'A revoked version',
    shown: true,
    asks: { xz: '^5.6' },
    universe: {
      xz: {
        '5.4.6': {},
        '5.6.0': { state: 'revoked', reason: 'back door' },
        '5.6.1': { state: 'revoked', reason: 'back door' },
      },
    },
  },
  {
    id: 'dependency-yanked',
    title: 'A dependency was yanked',
    asks: { loki: '^2.9' },
    universe: {
      loki: all({ memcached: '~1.6.24' }, '2.9.4'),
      memcached: { '1.6.23': {}, '1.6.24': { state: 'yanked', reason: 'does not start' } },
    },
  },
  {
    id: 'dependency-revoked',
    title: 'A dependency was revoked',
    asks: { sshd: '^9.6' },
    universe: {
      sshd: {
        '9.6.0': { deps: { xz: '^5.6' } },
        '9.5.0': { deps: { xz: '^5.4 <5.6.0' } },
        '8.9.0': { deps: { xz: '^5.4' } },
      },
      xz: { '5.4.6': {}, '5.6.1': { state: 'revoked', reason: 'back door' } },
    },
  },
  {
    id: 'yanked-and-conflict',
    title: 'Newest yanked, older one too old for another',
    asks: { tempo: '^2', grafana: '^10' },
    universe: {
      tempo: {
        '2.3.0': { state: 'yanked', reason: 'corrupts blocks' },
        '2.4.0': { deps: { memcached: '^2' } },
      },
      grafana: all({ memcached: '^1' }, '10.3.3'),
      memcached: bare('1.6.23', '2.0.0'),
    },
  },

  // Age and trust.
  {
    id: 'too-young',
    title: 'Too young for the minimum age',
    shown: true,
    asks: { nginx: '^1.25' },
    universe: {
      nginx: {
        '1.24.0': { publishedAt: '2023-04-11T00:00:00Z' },
        '1.25.4': { publishedAt: '2024-02-14T00:00:00Z' },
      },
    },
    options: { publishedBefore: '2024-02-01T00:00:00.000Z' },
  },
  {
    id: 'dependency-too-young',
    title: 'A dependency is too young',
    asks: { vault: '*' },
    universe: {
      vault: { '1.15.5': { deps: { raft: '^1.6' }, publishedAt: '2024-01-01T00:00:00Z' } },
      raft: {
        '1.5.0': { publishedAt: '2023-01-01T00:00:00Z' },
        '1.6.0': { publishedAt: '2024-02-20T00:00:00Z' },
      },
    },
    options: { publishedBefore: '2024-02-01T00:00:00.000Z' },
  },
  {
    id: 'age-unknown',
    title: 'Nobody signed when it was published',
    asks: { bind: '^9' },
    universe: { bind: { '9.18.24': { publishedAt: '2023-01-01T00:00:00Z', unsignedTime: true } } },
    options: { publishedBefore: '2024-02-01T00:00:00.000Z' },
  },
  {
    id: 'unsigned',
    title: 'Nobody whom the policy trusts signed it',
    shown: true,
    asks: { wireguard: '^1' },
    universe: {
      wireguard: { '1.0.0': { refused: 'no signature of a key in config/trust-policy.yaml' }, '0.9.0': {} },
    },
    options: { signatures: 'prefer' },
  },
  {
    id: 'dependency-unsigned',
    title: 'A dependency is not signed',
    asks: { openvpn: '^2.6' },
    universe: {
      openvpn: { '2.6.8': { deps: { lzo: '^2.10' } }, '2.5.9': {} },
      lzo: { '2.10.0': { refused: 'no signature' } },
    },
    options: { signatures: 'prefer' },
  },
  {
    id: 'prerelease-never',
    title: 'Pre-releases are excluded',
    prerelease: 'never',
    asks: { k0s: '>=1.30.0-rc.1' },
    universe: { k0s: bare('1.29.2', '1.30.0-rc.1') },
  },
  {
    id: 'advisory',
    title: 'A known weakness',
    asks: { openssl: '~3.0.0' },
    universe: { openssl: bare('3.0.13', '3.2.1') },
    options: {
      advisories: [
        { registry: 'main', repository: 'ext/openssl', range: '<3.1.0', advisory: 'CVE-2024-0727' },
      ],
    },
  },

  // Overrides, locks.
  {
    id: 'override',
    title: 'An override that is in the way',
    shown: true,
    asks: { sidekiq: '^7' },
    overrides: { redis: '^8' },
    universe: { sidekiq: all({ redis: '^7' }, '7.2.0'), redis },
  },
  {
    id: 'override-direct',
    title: 'An override of a requirement',
    asks: { redis: '^7' },
    overrides: { redis: '5.0.0' },
    universe: { redis },
  },
  {
    id: 'override-conflict',
    title: 'An override leads into a conflict',
    shown: true,
    asks: { postgrest: '^12', postgres: '*' },
    overrides: { postgres: '14.11.0' },
    universe: { postgrest: { '12.0.2': { conflicts: { postgres: '<15' } } }, postgres },
  },
  {
    id: 'locked',
    title: 'Nothing but the locked version',
    asks: { sidekiq: '^7', redis: '*' },
    universe: { sidekiq: all({ redis: '^7' }, '7.2.0'), redis },
    options: { locked: true, preferred: new Map([[idOf('redis'), '6.2.14']]) },
  },

  // Bigger ones.
  {
    id: 'observability',
    title: 'A whole observability stack',
    shown: true,
    asks: { grafana: '^10', loki: '^3', tempo: '^2', mimir: '^2', alloy: '^1' },
    universe: {
      grafana: all({ 'grafana-agent': '>=0.38.0' }, '10.3.3', '10.4.0'),
      loki: all({ memcached: '^1.6', dskit: '^2' }, '3.0.0'),
      tempo: all({ memcached: '^1.6' }, '2.3.1', '2.4.0'),
      mimir: all({ memcached: '^1', dskit: '^1' }, '2.11.0'),
      alloy: bare('1.0.0'),
      'grafana-agent': bare('0.38.0', '0.40.0'),
      memcached: bare('1.6.23', '1.6.24'),
      dskit: bare('1.0.0', '2.0.0'),
    },
  },
  {
    id: 'storage',
    title: 'Storage with a kernel module',
    asks: { longhorn: '^1.6', 'kernel-modules': '~5.15' },
    universe: {
      longhorn: {
        '1.5.3': { deps: { 'open-iscsi': '*' } },
        '1.6.0': { deps: { 'open-iscsi': '*', 'kernel-modules': '>=6.1.0' } },
      },
      'open-iscsi': bare('2.1.9'),
      'kernel-modules': bare('5.15.148', '6.1.76', '6.6.15'),
    },
  },
  {
    id: 'etcd-quorum',
    title: 'An operator that lags behind',
    asks: { 'etcd-operator': '*', kubernetes: '1.30.0' },
    universe: {
      'etcd-operator': all({ etcd: '~3.5.9 <3.5.11' }, '0.9.4', '0.10.0'),
      kubernetes,
      etcd,
      containerd,
    },
  },
  {
    id: 'long-chain',
    title: 'A chain of six',
    asks: { s1: '*', s6: '^2' },
    universe: {
      s1: all({ s2: '*' }, '1.0.0'),
      s2: all({ s3: '*' }, '1.0.0'),
      s3: all({ s4: '*' }, '1.0.0'),
      s4: all({ s5: '*' }, '1.0.0'),
      s5: all({ s6: '^1' }, '1.0.0'),
      s6: bare('1.0.0', '2.0.0'),
    },
  },
  {
    id: 'many-versions',
    title: 'Many versions and one missing dependency',
    asks: { plugin: '>=1.10.0' },
    universe: {
      plugin: Object.fromEntries(
        Array.from({ length: 40 }, (_, i) => [`1.${i}.0`, i < 10 ? {} : { deps: { sdk: '^9' } }]),
      ),
      sdk: bare('8.0.0'),
    },
  },
  {
    id: 'two-conflicts',
    title: 'Two separate conflicts at once',
    shown: true,
    asks: { redis: '^9', postgres: '^17', etcd: '^3.5' },
    universe: { redis, postgres, etcd },
  },
  {
    id: 'conflict-and-missing',
    title: 'A conflict, and a version that is not there',
    asks: { calico: '^3', cilium: '^1.15', redis: '^9' },
    universe: {
      calico: { '3.27.0': { conflicts: { cilium: '>=1.15.0' } } },
      cilium: bare('1.14.7', '1.15.1'),
      redis,
    },
  },
  {
    id: 'three-separate',
    title: 'Three separate problems',
    hopeless: true,
    shown: true,
    asks: { redis: '^9', postgres: '^17', etcd: '^4', nginx: '*' },
    universe: { redis, postgres, etcd, nginx: bare('1.25.4') },
  },
  {
    id: 'alone-and-missing',
    title: 'The only requirement does not exist',
    hopeless: true,
    asks: { ghost: '*' },
    universe: {},
  },
];
