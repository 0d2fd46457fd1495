import type { CatalogueEntry } from './entry.ts'

/** Files the user wrote: YAML, playbook, variables, templates, artifact; and the plan made from them. */
export const playbookCodes = {
  FILE_UNREADABLE: {
    exit: 4,
    about: 'A file that was named cannot be read. Check the path and its permissions.',
  },
  FILE_TOO_LARGE: {
    exit: 4,
    about:
      'A YAML file is larger than handover reads (1 MiB). Playbooks and inventories are never that large.',
  },
  FILE_NOT_TEXT: {
    exit: 4,
    about:
      'A file that should be text is not: it has a NUL, bytes that are no UTF-8, or is encoded as UTF-16. A program or an archive named by mistake is the usual cause.',
  },
  YAML_SYNTAX: {
    exit: 4,
    about:
      'The file is not valid YAML at the place shown. A tab used for indentation and a duplicate key are the usual causes.',
  },
  YAML_UNSAFE: {
    exit: 4,
    about:
      'The YAML uses something handover refuses: an alias bomb, more than 1000 aliases in a playbook, too deep nesting, or a key such as __proto__.',
  },
  PLAYBOOK_NOT_BUILT: {
    exit: 4,
    about:
      'The playbook uses a part of the format that this version cannot do yet. Nothing is accepted and ignored, so the key has to be removed.',
  },
  PLAYBOOK_UNKNOWN_KEY: {
    exit: 4,
    about:
      'A key is not part of the playbook format. The hint names the nearest known key, or what stands in the place of a key of Ansible. Keys that begin with x- are free for your own use.',
  },
  PLAYBOOK_MISSING_KEY: {
    exit: 4,
    about: 'A mapping lacks a key it cannot do without. The place shown is where the mapping begins.',
  },
  PLAYBOOK_TYPE: {
    exit: 4,
    about:
      'A value is of the wrong type: a number where a duration such as "30s" is meant, a text where a list is meant.',
  },
  PLAYBOOK_VALUE: {
    exit: 4,
    about:
      'A value is of the right type but cannot work, alone or together with another one: a concurrency of 0, a relative path, two stages of the same name, a deadline too short for the passes it waits for.',
  },
  PLAYBOOK_UNQUOTED_NUMBER: {
    exit: 4,
    about:
      'YAML reads the value as a number and loses what was written: 1.10 becomes 1.1 and 0755 becomes 755. Put it in quotes if it is a version or a mode, or write the number plainly.',
  },
  PLAYBOOK_UNQUOTED_WORD: {
    exit: 4,
    about:
      'An unquoted yes, no, on or off, which YAML 1.2 reads as a text and older YAML (and so Ansible) as true or false; or a text in typographic quotes, which YAML takes for letters. Write true or false, or use plain quotes.',
  },
  PLAYBOOK_UNDEFINED_VARIABLE: {
    exit: 4,
    about:
      'A template names a variable that is not defined. Fields that are the same for every host (name, hosts, artifact.src) know only the vars of the playbook and -e; the paths under handover and what health checks look at also know the variables of the host.',
  },
  PLAYBOOK_TEMPLATE: {
    exit: 4,
    about:
      'A template uses something other than {{ name }}, dotted paths and the filters default, upper, lower and quote; or its variables refer to each other in a circle; or its value cannot stand where it is used.',
  },
  PLAYBOOK_EXTRA_VARS: {
    exit: 4,
    about:
      'What was given with -e is neither name=value pairs, nor a JSON or YAML mapping, nor @file with such a mapping.',
  },
  PLAYBOOK_SECRET: {
    exit: 4,
    about:
      'A secret, or a text that the inventory has encrypted, is used where its text would be shown or kept on disk, or the name of a secret is taken by a variable, or its text occurs in the name of a play, a stage, a host or a check. Secrets may stand in the url, body and run of health checks; everywhere else the plan needs the text itself.',
  },
  SECRET_UNAVAILABLE: {
    exit: 4,
    about:
      'The text of a secret cannot be had: its environment variable is not set, its file cannot be read, is empty, or may be read by every user of this machine. Secrets are read when a run begins and again when it is resumed, and are never kept; a run that is cut off goes back without them.',
  },
  ARTIFACT_MISSING: {
    exit: 4,
    about:
      'The new binary named by artifact.src does not exist, is not a regular file, or cannot be read. The path is relative to the playbook.',
  },
  ARTIFACT_EMPTY: {
    exit: 4,
    about: 'The new binary has no bytes. A failed download or build is the usual cause.',
  },
  ARTIFACT_NOT_A_PROGRAM: {
    exit: 4,
    about:
      'The artifact is not a complete ELF program. A daemon is upgraded by starting the file itself, so a script, an archive or a truncated download cannot be used.',
  },
  ARTIFACT_CHECKSUM: {
    exit: 4,
    about:
      'The new binary is not the one the playbook pins with artifact.sha256. Build or fetch it again, or correct the checksum if the change is wanted.',
  },
  PLAN_NO_HOSTS: {
    exit: 4,
    about: 'The hosts pattern of the playbook, together with --limit, leaves no host to work on.',
  },
  PLAN_EMPTY_STAGE: {
    exit: 4,
    about:
      'A stage gets no host, because earlier stages already have every host it could take or its pattern matches none in this run.',
  },
  PLAN_UNCOVERED_HOSTS: {
    exit: 4,
    about: 'Some hosts of the run are in no stage. A last stage with "hosts: rest" takes all that are left.',
  },
} as const satisfies Record<string, CatalogueEntry>
