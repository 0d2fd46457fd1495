import type { CatalogueEntry } from './entry.ts'

/** Files the user wrote: YAML, playbook, variables, templates, artifact. */
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
  YAML_SYNTAX: {
    exit: 4,
    about:
      'The file is not valid YAML at the place shown. A tab used for indentation and a duplicate key are the usual causes.',
  },
  YAML_UNSAFE: {
    exit: 4,
    about:
      'The YAML uses something handover refuses: an alias bomb, too deep nesting, or a key such as __proto__.',
  },
} as const satisfies Record<string, CatalogueEntry>
