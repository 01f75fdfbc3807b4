import { isProvError, log } from '#base';

/**
 * Runs the push of a manifest; when the registry does not find content of it that was there a moment ago,
 * `resend` brings that content once more and the push runs a second and last time.
 * @throws OCI_REMOTE_BLOB_UNKNOWN when that did not help.
 */
export async function repairPush<T>(push: () => Promise<T>, resend: () => Promise<void>): Promise<T> {
  try {
    return await push();
  } catch (error) {
    if (!isProvError(error, 'OCI_REMOTE_BLOB_UNKNOWN')) throw error;
    log.info('the registry lost content of a manifest; sending it again', { reason: error.message });
    await resend();
    return push();
  }
}
