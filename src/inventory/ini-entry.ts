/** The lines under `[group]` and `[group:vars]`. */
import type { Group, Value } from './inventory.ts'
import { assignVar, type Loading, mentionHosts } from './loading.ts'
import { readPythonValue } from './python-literal.ts'
import { complain, type Spot } from './spot.ts'
import { splitWords, type Word } from './words.ts'

/** `web1:2222 ansible_user=deploy tags="['a', 'b']"  # comment` */
export function readIniHost(loading: Loading, group: Group, line: string, spot: Spot): void {
  const { faults } = loading
  const split = splitWords(line, { comments: true })
  if (!split.ok) {
    complain(faults, 'INVENTORY_SYNTAX', split.message, shift(spot, split.at))
    return
  }
  const [name, ...assignments] = split.words
  if (!name) return
  const variables = assignments.flatMap(word => readAssignment(loading, word, shift(spot, word.at)))
  if (/^[^:[\]]+:$/.test(name.text)) {
    const hint = 'a port follows the colon; a YAML inventory ends in .yml or .yaml'
    complain(faults, 'INVENTORY_SYNTAX', `"${name.text}" ends in a colon`, spot, hint)
    return
  }
  if (name.text === '---') {
    complain(faults, 'INVENTORY_SYNTAX', '"---" begins a YAML file', spot, 'name the file .yml or .yaml')
    return
  }
  const { file } = spot.source
  const targets = mentionHosts(loading, group, { text: name.text, spot, file, variables: variables.length })
  for (const target of targets) {
    for (const { key, value, at } of variables) assignVar(loading, target, key, value, at)
  }
}

function readAssignment(loading: Loading, word: Word, at: Spot): { key: string; value: Value; at: Spot }[] {
  const equals = word.text.indexOf('=')
  if (equals > 0) {
    return [{ key: word.text.slice(0, equals), value: readPythonValue(word.text.slice(equals + 1)), at }]
  }
  const hint = word.text.startsWith(';') ? 'a comment after a host begins with #' : 'one host a line'
  complain(loading.faults, 'INVENTORY_SYNTAX', `expected key=value, found "${word.text}"`, at, hint)
  return []
}

/** `name = everything up to the end of the line` */
export function readIniVariable(loading: Loading, group: Group, line: string, spot: Spot): void {
  const equals = line.indexOf('=')
  if (equals < 0) {
    complain(loading.faults, 'INVENTORY_SYNTAX', `expected key=value, found "${line}"`, spot)
    return
  }
  // The documentation of Ansible calls these values strings; its reader takes literals, as after a host.
  const value = readPythonValue(line.slice(equals + 1).trim())
  assignVar(loading, group, line.slice(0, equals).trim(), value, spot)
}

function shift(spot: Spot, by: number): Spot {
  return { source: spot.source, offset: spot.offset + by }
}
