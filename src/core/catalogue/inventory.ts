import type { CatalogueEntry } from './entry.ts'

/** Inventories, groups and patterns. */
export const inventoryCodes = {
  INVENTORY_SYNTAX: {
    exit: 4,
    about:
      'A line or key of an inventory or vars file cannot be understood: a malformed section, an unclosed quote, a list where a mapping belongs. The place shows which one.',
  },
  INVENTORY_UNKNOWN_KEY: {
    exit: 4,
    about:
      'A group in a YAML inventory has a key other than hosts, children and vars. Variables belong under vars.',
  },
  INVENTORY_UNKNOWN_GROUP: {
    exit: 4,
    about:
      'A [name:vars] section, or a line of a :children section, names a group that is declared nowhere. Declare it with [name].',
  },
  INVENTORY_UNKNOWN_NAME: {
    exit: 4,
    about:
      'A pattern names a group or host that is not in the inventory. Ansible only warns; handover refuses, because a typing error would change which hosts are upgraded.',
  },
  INVENTORY_BAD_NAME: {
    exit: 4,
    about:
      'A host, address, user or group name contains characters that are not allowed. Hosts and addresses consist of A-Z a-z 0-9 . _ : % and -, do not begin with -, and have at most 253 characters; a colon or percent sign is only allowed in an IPv6 address.',
  },
  INVENTORY_BAD_RANGE: {
    exit: 4,
    about:
      'A host range such as web[01:50:2] is malformed, runs backwards, or mixes lengths after a leading zero. Ranges are [begin:end] or [begin:end:step], both ends included.',
  },
  INVENTORY_BAD_PORT: {
    exit: 4,
    about: 'A port is not a whole number from 1 to 65535.',
  },
  INVENTORY_BAD_VALUE: {
    exit: 4,
    about: 'A connection variable has a value that is not of its kind, for example ansible_become: maybe.',
  },
  INVENTORY_BAD_PATTERN: {
    exit: 4,
    about:
      'A host pattern is malformed: an invalid or too slow regular expression, a subscript outside the group, or characters that separate nothing.',
  },
  INVENTORY_CYCLE: {
    exit: 4,
    about: 'A group is, through its children, a child of itself. Remove one of the :children lines.',
  },
  INVENTORY_TOO_LARGE: {
    exit: 4,
    about:
      'The inventory names more hosts than handover handles: 100 000 in one line, 1 000 000 in all; nests groups too deep; or has links in its group_vars that lead into each other.',
  },
  INVENTORY_SAME_TARGET: {
    exit: 4,
    about:
      'Two host names lead to the same address, port and user. One machine would be upgraded twice at the same time; remove one of them.',
  },
  INVENTORY_NOT_BUILT: {
    exit: 4,
    about:
      'Something Ansible can do that handover cannot do yet: inventory plugins, TOML, jump hosts, local connections. Nothing is ignored silently.',
  },
  INVENTORY_NO_SOURCE: {
    exit: 4,
    about:
      'An inventory directory is empty, or everything in it has a name that Ansible ignores there, such as hosts.ini or hosts.txt. Rename the file, or name it itself with -i.',
  },
  INVENTORY_SCRIPT: {
    exit: 4,
    about:
      'A program given as an inventory cannot be used: others may write to it, it failed or took too long, or what it printed is not the JSON that `--list` must print. What it wrote to its standard error is shown.',
  },
  INVENTORY_VAULT: {
    exit: 4,
    about:
      'A value or file is encrypted with Ansible Vault and no password given opens it, the encrypted text is damaged, or a password file cannot be used. Give the password with --vault-password-file FILE or --vault-id LABEL@FILE.',
  },
  INVENTORY_TEMPLATE: {
    exit: 4,
    about:
      'A value of the inventory that is needed is a template handover does not fill in. There, {{ name }} and {{ name.part }} work, with the variables of the same host; filters, tests, lookups and statements do not.',
  },
  INVENTORY_UNSUPPORTED: {
    exit: 4,
    about:
      'A connection setting that handover does not follow: passwords in an inventory, become other than sudo to root, weakened host key checking, other ssh options. Remove it or use the setting the hint names.',
  },
} as const satisfies Record<string, CatalogueEntry>
