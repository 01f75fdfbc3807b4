/** A provider of one server, a directory three levels above where it is installed, on which nothing runs yet. */
export const TOY_PROVIDER = `
const request = JSON.parse(await new Response(process.stdin).text());
const dir = process.cwd() + '/../../../../server';
const outputs = { create: { dir, prefix: dir }, state: { exists: true, services: [] }, list: { servers: [] } };
console.log(JSON.stringify({ type: 'result', outputs: outputs[request.op] ?? {} }));
`;
