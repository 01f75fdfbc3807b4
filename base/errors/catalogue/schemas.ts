import { entries } from '../entry.js';

export const schemasErrors = entries({
  SCHEMAS_YAML_SYNTAX: {
    message: '{path}:{line}:{column}: not valid YAML: {reason}',
    hint: 'Fix the syntax at that place.',
    exit: 'configuration',
  },
  SCHEMAS_KEY_DUPLICATE: {
    message: '{path}:{line}:{column}: the key "{key}" is there twice',
    hint: 'Keep one of them.',
    exit: 'configuration',
  },
  SCHEMAS_KEY_UNKNOWN: {
    message: '{path}:{line}:{column}: unknown key "{key}"',
    hint: '{suggestion}',
    exit: 'configuration',
  },
  SCHEMAS_VALUE_INVALID: {
    message: '{path}:{line}:{column}: {at}: {reason}',
    hint: 'Correct the value; docs/spec has a page for each file, which lists every field.',
    exit: 'configuration',
  },
  SCHEMAS_NEEDS_NEWER_PROV: {
    message: '{path} needs prov {needs}, this is prov {version}',
    hint: 'Upgrade prov.',
    exit: 'configuration',
  },
  SCHEMAS_VERSION_INVALID: {
    message: '"{value}" is not a semantic version',
    hint: '{suggestion}',
    exit: 'configuration',
    http: 400,
  },
  SCHEMAS_RANGE_INVALID: {
    message: '"{value}" is not a version range',
    hint: 'Write an npm semver range such as ^1.2.0, >=1.0.0 <2.0.0 or >=1.0.0,<2.0.0.',
    exit: 'configuration',
    http: 400,
  },
  SCHEMAS_NAME_INVALID: {
    message: '"{value}" is not a valid {what}',
    hint: '{suggestion}',
    exit: 'configuration',
    http: 400,
  },
  SCHEMAS_REFERENCE_INVALID: {
    message: '"{value}" is not a reference: {reason}',
    hint: 'Write [oci://]registry[:port]/namespace/name[:tag][@sha256:hex], a short form such as redis@^7, or ./directory.',
    exit: 'usage',
    http: 400,
  },
  SCHEMAS_KIND_UNKNOWN: {
    message: '"{value}" is not an extension kind',
    hint: 'Kinds are provider, taskserv, cluster, workflow and template.',
    exit: 'usage',
    http: 400,
  },
  SCHEMAS_WIRE_INVALID: {
    message: '{what} does not have the expected shape: {reason}',
    hint: 'It is damaged, or was not written by prov.',
    exit: 'failed',
    http: 400,
  },
  SCHEMAS_LOCK_INVALID: {
    message: '{path} is not a valid lock: {reason}',
    hint: 'Restore it from version control, or delete it and run prov dep resolve, which writes it anew.',
    exit: 'configuration',
  },
});
