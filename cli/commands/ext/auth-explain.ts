import { ProvError } from '#base';
import type { AccessExplanation } from '#manager';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { bareHost, managerContext, referenceArgument } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const subject = await subjectOf(input.args[0]!, context, input);
  const { explainAccess } = await import('#manager');
  const found = await explainAccess(subject, managerContext(context, input));
  return { data: found, text: textOf(found) };
}

/** A bare host is a registry; anything else is a reference. */
async function subjectOf(text: string, context: CommandContext, input: CommandInput) {
  const host = bareHost(text.replace(/^oci:\/\//, ''));
  if (!host.includes('/') && /^(?:localhost|[^:]*\.[^:]*|\[.*\])(?::\d+)?$/.test(host))
    return { registry: host };
  const reference = await referenceArgument(text, context, input);
  if (reference.type !== 'remote')
    throw new ProvError('CLI_USAGE', { reason: `${text} is not on a registry, so nobody has to sign in` });
  return { registry: reference.registry, repository: reference.repository };
}

function textOf(found: AccessExplanation): string {
  const { credential, considered, protocol, proxy, tls, mirrors, realm } = found;
  const subject = [found.registry, found.repository].filter(Boolean).join('/');
  const user = credential?.username ? ` of ${credential.username}` : '';
  const lines = [
    `${subject}`,
    credential === null
      ? 'credentials  none: requests are anonymous'
      : `credentials  ${credential.form}${user}, from ${credential.from}`,
    ...considered.map(
      ({ outcome, place, helper, reason }) =>
        `             ${outcome.padEnd(8)}  ${place}${helper === undefined ? '' : ` (helper ${helper})`}: ${reason}`,
    ),
    `protocol     ${protocol.name} (${protocol.reason})`,
    proxy === null
      ? `proxy        none${found.noProxy === undefined ? '' : ` (${found.noProxy})`}`
      : `proxy        ${proxy.host} (${proxy.from})`,
  ];
  if (protocol.name === 'https') {
    lines.push(
      `certificates ${tls.verify ? `checked against ${tls.authorities.join(', ')}` : `NOT checked (${tls.reason})`}`,
    );
    if (tls.clientCertificate !== undefined)
      lines.push(`             client certificate ${tls.clientCertificate}`);
  }
  if (found.resolve !== undefined) lines.push(`address      ${found.resolve}`);
  const realmText = realm.configured ?? realm.pinned;
  lines.push(
    `realm        ${realmText === undefined ? 'not pinned yet: the first one is remembered' : `${realmText}${realm.configured === undefined ? ' (remembered)' : ''}`}`,
  );
  if (mirrors.length === 0) lines.push('mirrors      none');
  for (const { location, tags, from } of mirrors)
    lines.push(`mirror       ${location} (${from}${tags ? '; may say what tags mean' : ''})`);
  return lines.join('\n');
}
