import { entries } from '../entry.js';

export const workspaceErrors = entries({
  WORKSPACE_NOT_FOUND: {
    message: 'there is no workspace in {path} or above it',
    hint: 'Change into a workspace, or make one with prov workspace init NAME.',
    exit: 'notFound',
  },
  WORKSPACE_FILE_CHANGED: {
    message: '{path} was changed by somebody else in the meantime; it was left as it is',
    hint: 'Run the command again.',
    exit: 'conflict',
    retryable: true,
  },
  WORKSPACE_DIRECTORY_NOT_EMPTY: {
    message: '{path} is not empty: it holds {found}',
    hint: 'Choose a new or empty directory.',
    exit: 'conflict',
  },
  WORKSPACE_NAME_DIFFERS: {
    message: '{path} is already the workspace "{existing}", not "{name}"',
    hint: 'Use another directory, or the name it has.',
    exit: 'conflict',
  },
  WORKSPACE_TOML_SYNTAX: {
    message: '{path}:{line}:{column}: not valid TOML: {reason}',
    hint: 'Fix the syntax at that place.',
    exit: 'configuration',
  },
  WORKSPACE_TEXT_INVALID: {
    message: '{path} is not UTF-8 text',
    hint: 'Save the file as UTF-8.',
    exit: 'configuration',
  },
  WORKSPACE_SETTING_UNKNOWN: {
    message: '{source} sets "{key}", which is not a setting',
    hint: '{suggestion}',
    exit: 'configuration',
  },
  WORKSPACE_SETTING_INVALID: {
    message: '{source} sets {key}: {reason}',
    hint: 'Correct the value; docs/spec/workspace.md lists every setting.',
    exit: 'configuration',
  },
  WORKSPACE_SECURITY_WEAKENED: {
    message: '{place}: {key} would weaken what the user set: {reason}',
    hint: 'Files of a workspace may only tighten security settings. Set it in ~/.provisioning/config.toml if it is really wanted.',
    exit: 'refused',
  },
  WORKSPACE_INTERPOLATION_UNRESOLVED: {
    message: '{place}: {key}: {expression} has no value: {reason}',
    hint: 'Known are {{env.NAME}}, {{paths.NAME}}, {{workspace.name}}, {{now.date}} and {{git.branch}}; write {{… || default}} for a fallback.',
    exit: 'configuration',
  },
  WORKSPACE_ENVIRONMENT_NOT_FOUND: {
    message: 'the environment "{name}" has no file {path}',
    hint: '{suggestion}',
    exit: 'notFound',
  },
  WORKSPACE_REGISTRY_INVALID: {
    message: '{place}: registry "{id}": {reason}',
    hint: 'Write a host such as registry.example.org, localhost:5000 or https://registry.example.org.',
    exit: 'configuration',
  },
  WORKSPACE_REQUIREMENT_INVALID: {
    message: '{place}: "{requirement}": {reason}',
    hint: 'Write a reference such as oci://registry/namespace/name:1.2.0 or redis@^7, or a map of name: range.',
    exit: 'configuration',
  },
  WORKSPACE_REQUIREMENT_UNKNOWN: {
    message: 'nothing requires "{name}"',
    hint: '{suggestion}',
    exit: 'notFound',
  },
  WORKSPACE_INFRA_NOT_FOUND: {
    message: 'there is no infrastructure "{name}" in workspace "{workspace}"',
    hint: '{suggestion}',
    exit: 'notFound',
  },
  WORKSPACE_ADDRESS_OTHER: {
    message: '"{address}" is in workspace "{wanted}"; this one is "{workspace}"',
    hint: 'Change into that workspace, or leave out the part before the colon.',
    exit: 'usage',
  },
  WORKSPACE_MODULE_NOT_INSTALLED: {
    message: 'not installed: {modules}',
    hint: 'Run prov dep resolve.',
    exit: 'notFound',
  },
  WORKSPACE_MODULE_UNKNOWN: {
    message: '{place}: {kind} "{name}" is neither locked nor in an extensions directory',
    hint: 'Add it to dependencies.extensions.modules and run prov dep resolve, or correct the name.',
    exit: 'configuration',
  },
  WORKSPACE_MODULE_MISMATCH: {
    message: '{path} says it is {found}, expected {expected}',
    hint: 'The directory decides kind and name; for an installed module, remove it and run prov dep resolve.',
    exit: 'configuration',
  },
  WORKSPACE_MODULE_MODIFIED: {
    message: '{module} was changed after it was installed in {path}',
    hint: 'prov dep resolve puts it back as it was; to change a module, copy it to extensions/ first.',
    exit: 'refused',
  },
  WORKSPACE_ASSET_MODIFIED: {
    message: 'the asset {asset} in {path} is not what its manifest promises ({expected})',
    hint: 'It was changed after it was installed. Run prov dep resolve, which puts it right.',
    exit: 'refused',
  },
  WORKSPACE_MODULE_SCHEMA_INVALID: {
    message: '{path} is not a usable JSON Schema: {reason}',
    hint: 'The extension is broken; tell its author.',
    exit: 'configuration',
  },
  WORKSPACE_MODULE_CONFIG_INVALID: {
    message: '{place}: {module}: {at}: {reason}',
    hint: 'The schema of the extension ({schema}) says what may be configured.',
    exit: 'configuration',
  },
});
