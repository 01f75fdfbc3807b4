import { ProvError } from '#base';
import type { RegistryContext } from '../context.js';
import { type Exchange, sendJson } from '../http/respond.js';
import { parseRoute } from '../http/route.js';
import { handleBlob } from './blobs.js';
import { handleCatalog, handleReferrers, handleTags } from './listings.js';
import { handleManifest } from './manifests.js';
import { handleUpload, handleUploads } from './uploads.js';

/** Answers one request under `/v2/`. @see OCI distribution-spec 1.1, "Endpoints" */
export async function handleDistribution(context: RegistryContext, exchange: Exchange): Promise<void> {
  const route = parseRoute(exchange.path);
  switch (route.type) {
    case 'ping':
      if (exchange.request.method === 'GET' || exchange.request.method === 'HEAD')
        return sendJson(exchange, {});
      throw new ProvError('REGISTRY_METHOD_UNSUPPORTED', { method: exchange.request.method });
    case 'catalog':
      return handleCatalog(context, exchange);
    case 'tags':
      return handleTags(context, exchange, route.repository);
    case 'referrers':
      return handleReferrers(context, exchange, route.repository, route.reference);
    case 'manifest':
      return handleManifest(context, exchange, route.repository, route.reference);
    case 'blob':
      return handleBlob(context, exchange, route.repository, route.reference);
    case 'uploads':
      return handleUploads(context, exchange, route.repository);
    case 'upload':
      return handleUpload(context, exchange, route.repository, route.id);
  }
}
