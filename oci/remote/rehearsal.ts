import { AgreeingRegistry } from './agreeing-registry.js';
import { hostOf, shownPath, type Target } from './http/target.js';
import type { Transport } from './http/transport.js';

/** A request of the real run. */
export interface RehearsedRequest {
  readonly method: string;
  /** `host[:port]` */
  readonly host: string;
  /** Without the query. */
  readonly path: string;
  /** Of the body that is sent; of what only the real run reads, of the answer. */
  readonly bytes: number;
  /** False for what only the real run sends: what changes the registry, and blobs that a dry run need not read. */
  readonly sent: boolean;
}

/** What a real run asks of registries, in order. */
export interface RequestPlan {
  readonly requests: readonly RehearsedRequest[];
  /** That the real run sends, and the dry run did not. */
  readonly bytes: number;
  /** That the real run reads, and the dry run did not. */
  readonly fetched: number;
}

/**
 * Lets a client do its real work without changing the registry: what reads is sent, what writes is answered as a
 * registry that agrees would, and later reads see it. So the list of requests is that of the real run, as far as
 * the registry does what it is asked (it may have a blob elsewhere and take it over).
 */
export class Rehearsal {
  readonly requests: RehearsedRequest[] = [];
  /** By host: what one client wrote, another one reads. */
  readonly #registries = new Map<string, AgreeingRegistry>();

  /** @internal */
  wrap(real: Transport): Transport {
    return {
      send: async (exchange) => {
        const registry = this.#registryAt(exchange.target);
        const planned = await registry.answer(exchange, real);
        const { method, target, body } = exchange;
        this.requests.push({
          method,
          host: hostOf(target),
          path: shownPath(target),
          bytes: body?.size ?? (method === 'GET' ? Number(planned?.headers['content-length'] ?? 0) : 0),
          sent: planned === undefined,
        });
        if (planned !== undefined) return planned;
        return registry.amend(exchange, await real.send(exchange));
      },
      close: () => real.close(),
    };
  }

  /** Notes that the real run reads a blob. */
  leaveOut({ host, repository, digest, size }: LeftOut): void {
    const path = `/v2/${repository}/blobs/${digest}`;
    this.requests.push({ method: 'GET', host, path, bytes: size, sent: false });
  }

  plan(): RequestPlan {
    const [sends, reads] = [false, true].map((reading) =>
      this.requests
        .filter(({ sent, method }) => !sent && (method === 'GET') === reading)
        .reduce((sum, { bytes }) => sum + bytes, 0),
    );
    return { requests: this.requests, bytes: sends!, fetched: reads! };
  }

  #registryAt(target: Target): AgreeingRegistry {
    const host = hostOf(target);
    const known = this.#registries.get(host) ?? new AgreeingRegistry();
    this.#registries.set(host, known);
    return known;
  }
}

export interface LeftOut {
  readonly host: string;
  readonly repository: string;
  readonly digest: string;
  readonly size: number;
}
