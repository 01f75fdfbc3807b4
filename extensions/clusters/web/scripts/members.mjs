import { join } from 'node:path';
import { invalid } from '../lib/shared.bundle.mjs';

/** The outputs of the parts, as the runtime hands them over. */
export function members({ outputs }) {
  const { web, postgres } = outputs;
  if (typeof web?.url !== 'string') throw invalid("there are no outputs of 'web'");
  if (postgres?.port === undefined) throw invalid("there are no outputs of 'postgres'");
  return { web, postgres };
}

export const recordPath = (request) => join(request.target.prefix, 'etc', 'web-stack', 'stack.json');
