/** Where handover means something else than Ansible, and why. */

interface Deviation {
  readonly why: string
  /** What handover says in place of Ansible's answer: only the parts that differ. Null: refused. */
  readonly ours: {
    readonly list?: unknown
    readonly graph?: string | null
    readonly vars?: string | RegExp | null
  }
}

interface PatternDeviation {
  readonly why: string
  /** Undefined: refused. */
  readonly ours: readonly string[] | undefined
}

const refused = { list: null, graph: null, vars: null }
const oneHost = (group: string, host: string) => {
  const graph = `@all:\n  |--@ungrouped:\n  |--@${group}:\n  |  |--${host}`
  const list = {
    all: { children: ['ungrouped', group] },
    [group]: { hosts: [host] },
    _meta: { hostvars: {} },
  }
  return { list, graph, vars: graph }
}

const listOf = (hostvars: Readonly<Record<string, unknown>>) => ({
  all: { children: ['ungrouped'] },
  ungrouped: { hosts: Object.keys(hostvars) },
  _meta: { hostvars },
})

const tuples = 'JSON has no tuples: they are lists here, also where --graph --vars would show brackets'
const wholeFloats =
  'JavaScript does not tell 5.0 from 5: --graph --vars shows it without the fraction; --list is equal'
const atOnce =
  'a broken file of variables is refused when it is read, not only when its variables are asked for'

export const deviations: Readonly<Record<string, Deviation>> = {
  'INI: values of a section': { why: tuples, ours: { vars: /tuple = \[1, 2\]/ } },
  'INI: Python collections': { why: tuples, ours: { vars: /b = \[1, 2\]/ } },
  'INI: Python numbers': { why: wholeFloats, ours: { vars: /d = 5\}/ } },
  'INI: a percent sign in the name of a host': {
    why: 'names of hosts end up in arguments and paths, so only letters, digits and . _ - are taken',
    ours: refused,
  },
  'INI: a byte order mark': {
    why: 'Ansible takes it for a part of the first line',
    ours: oneHost('web', 'a'),
  },
  'INI: a backward range': {
    why: 'to Ansible it is nobody; here it is a typing error that would leave hosts out',
    ours: refused,
  },
  'YAML: keys that are no text': {
    why: 'keys are text, as in JSON: --graph --vars shows them quoted; --list is equal',
    ours: { vars: /\{'2': 'a', 'true': 'b', '16': 'e', '1.5': 'c', 'text': 'd'\}|'2': 'a'/ },
  },
  'YAML: unsafe': {
    why: 'Ansible loses what a mapping under !unsafe holds',
    ours: {
      list: {
        all: { children: ['ungrouped'] },
        ungrouped: { hosts: ['h'] },
        _meta: {
          hostvars: {
            h: {
              u: { __ansible_unsafe: '{{ x }}' },
              l: [{ __ansible_unsafe: 'a' }, 1, { k: { __ansible_unsafe: 'v' } }],
            },
          },
        },
      },
      vars: /\{'k': 'v'\}/,
    },
  },
  'YAML: a time': {
    why: 'times stay the text that was written; Ansible makes them times and prints those in another form',
    ours: { list: listOf({ h: { t: '2001-12-14 21:59:43' } }) },
  },
  'YAML: a number without end': {
    why: 'a whole number that JavaScript would round stays text',
    ours: { list: listOf({ h: { n: '12345678901234567890' } }) },
  },
  'YAML: a key twice': { why: 'Ansible warns and takes the last', ours: refused },
  'YAML: an unknown key': { why: 'Ansible warns and leaves the hosts under it out', ours: refused },
  'YAML: constructed': { why: 'inventory plugins are not built', ours: refused },
  'JSON with tags of Ansible, without an extension': {
    why: '--graph --vars never shows what is encrypted, so it needs no password',
    ours: { vars: /v = \(encrypted\)/ },
  },
  'vars: a broken file': { why: atOnce, ours: refused },
  'vars: a list': { why: atOnce, ours: refused },
}

const matchesNothing = 'a pattern that matches nothing is refused: it is a typing error more often than not'

export const patternDeviations: Readonly<Record<string, PatternDeviation>> = {
  '"web[1-2]"': { why: 'Ansible itself calls this form removed', ours: undefined },
  '"web[2:1]"': { why: 'a range that runs backwards', ours: undefined },
  '"localhost"': { why: 'there is no implicit localhost', ours: undefined },
  '"nobody"': { why: matchesNothing, ours: undefined },
  '"web:nobody"': { why: matchesNothing, ours: undefined },
  '"web:!nobody"': { why: matchesNothing, ours: undefined },
  '"web1:22"': { why: matchesNothing, ours: undefined },
  '"web[a]"': { why: matchesNothing, ours: undefined },
  '"~WEB"': { why: matchesNothing, ours: undefined },
  '"10.0.0.[12]"': {
    why: 'to Ansible it is the thirteenth host of the unknown name "10.0.0."',
    ours: undefined,
  },
}

/**
 * Groups below the children of a pattern's group: Ansible goes through them in the order of a set of objects, which is
 * another one every time. Here it is the written order.
 */
export const hasNoOrder = /\b(?:top|all)\b|^[!&*]|^"[!&*~]|^\["(?:all|top)|example/
