import { entries } from '../entry.js';

export const runtimeErrors = entries({
  RUNTIME_MODULE_MISSING: {
    message: '{kind} {name}, needed by {neededBy}, is not loaded in this workspace',
    hint: 'Add {name} to the dependencies in config/provisioning.yaml and run `prov dep resolve`, or correct infra/*/settings.yaml.',
    exit: 'notFound',
    http: 404,
  },
  RUNTIME_PLAN_CYCLE: {
    message: 'the deployment has a circle of dependencies: {cycle}',
    hint: 'Remove one of these dependencies from the manifests, or its wait_for_health.',
    exit: 'configuration',
    http: 422,
  },
  RUNTIME_PLAN_STALE: {
    message: 'the plan {expected} was asked for, but settings and extensions now give {actual}',
    hint: 'Look at the new plan with `prov deploy --check`, then deploy that one.',
    exit: 'conflict',
    http: 409,
  },
  RUNTIME_LOCKED: {
    message: 'another prov is running tasks in {path}{owner}',
    hint: 'Wait until it has ended or stop it; the lock goes with its process, there is nothing to unlock.',
    exit: 'conflict',
    http: 409,
    retryable: true,
  },
  RUNTIME_LOG_CONFLICT: {
    message: 'the event log {stream} is at {actual}, not at {expected}: another process has written to it',
    hint: 'Run the command again; it continues from what the log says.',
    exit: 'conflict',
    http: 409,
    retryable: true,
  },
  RUNTIME_SCRIPT_MISSING: {
    message: '{extension} has no file {script}, which its manifest names as the script for {op}',
    hint: 'Correct `scripts` or `operations` in manifest.yaml, or add the file.',
    exit: 'configuration',
  },
  RUNTIME_INTERPRETER_UNKNOWN: {
    message: 'no interpreter for the script {script}',
    hint: 'Scripts end in .sh, .mjs, .nu or .py.',
    exit: 'configuration',
  },
  RUNTIME_INTERPRETER_MISSING: {
    message: 'cannot start {command} for the script {script}: {reason}',
    hint: 'Install {command} and put it on the PATH; .nu scripts also find the Nushell that the taskserv nushell installs.',
    exit: 'notFound',
  },
  RUNTIME_ENV_MISSING: {
    message: '{extension} needs the environment variable {name}',
    hint: 'Set {name} and run the command again.',
    exit: 'configuration',
  },
  RUNTIME_TASK_FAILED: {
    message: 'task {task} failed ({class}): {reason}',
    hint: 'The log of the last attempt is {log}. Correct the cause and run `prov deploy` again: it continues with this task.',
    exit: 'failed',
    http: 500,
  },
  RUNTIME_TASK_TIMED_OUT: {
    message: 'task {task} did not end within {timeoutMs} ms and was stopped with all its processes',
    hint: 'The log of the last attempt is {log}. Run `prov deploy` again: it looks first what was done.',
    exit: 'failed',
    http: 504,
  },
  RUNTIME_TASK_IN_DOUBT: {
    message: 'task {task} was interrupted and {reason}, so it is not known whether its effect happened',
    hint: 'Look at {server}, then run `prov deploy --resolve {task}=done` or `prov deploy --resolve {task}=retry`.',
    exit: 'conflict',
    http: 409,
  },
  RUNTIME_RESOLVE_INVALID: {
    message: '--resolve {value} is not of the form TASK=done or TASK=retry',
    hint: 'The tasks in doubt are in the error RUNTIME_TASK_IN_DOUBT.',
    exit: 'usage',
  },
  RUNTIME_SCRIPT_OUTPUT_INVALID: {
    message: 'the {op} script of {extension} wrote a result that is not valid: {reason}',
    hint: 'Each line of stdout is a JSON object with `type`; see docs/spec/scripts.md.',
    exit: 'failed',
  },
  RUNTIME_PROVIDER_FAILED: {
    message: 'provider {provider} could not {op} {server} ({class}): {reason}',
    hint: 'The log is {log}.',
    exit: 'failed',
    http: 502,
  },
  RUNTIME_PROVIDER_UNABLE: {
    message: 'provider {provider} has no operation {op}',
    hint: 'Use a provider that has it, or a newer version of this one.',
    exit: 'configuration',
    http: 501,
  },
  RUNTIME_SERVER_MISSING: {
    message: 'server {server} does not exist yet',
    hint: 'Run `prov deploy` first.',
    exit: 'notFound',
    http: 404,
  },
  RUNTIME_HEALTH_FAILED: {
    message: '{extension} on {server} is not healthy: {reason}',
    hint: 'Look at its log under the server directory; `prov health` asks again.',
    exit: 'failed',
    http: 503,
  },
  RUNTIME_CANCELLED: {
    message: 'interrupted; every process that was started is stopped',
    hint: 'Run the same command again to continue where it stopped.',
    exit: 'interrupted',
    http: 499,
  },
});
