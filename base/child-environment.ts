/** Variables that hold a secret of prov: passwords and tokens, also those of single settings, and the password of a key. */
const SECRET = /^(?:PROVISIONING_.*(?:PASSWORD|TOKEN|SECRET)|COSIGN_PASSWORD$)/i;

/** The environment for a program that prov starts: as it is, without what only prov itself may know. */
export function childEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !SECRET.test(name)));
}
