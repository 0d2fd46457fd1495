/** The few options of ssh(1) that mean something here; each other one is refused with its name. */
import { splitWords } from './words.ts'

export interface SshArguments {
  /** Undefined when not given. */
  readonly knownHostsFiles?: readonly string[]
  readonly refused: readonly RefusedArgument[]
}

interface RefusedArgument {
  readonly code: 'INVENTORY_NOT_BUILT' | 'INVENTORY_UNSUPPORTED' | 'INVENTORY_BAD_VALUE'
  readonly message: string
  readonly hint?: string
}

/** Reads `-o Key=value`, `-oKey=value` and `-o "Key value"`; keys in any case, as ssh does. */
export function readSshArguments(text: string): SshArguments {
  const split = splitWords(text, { comments: false })
  if (!split.ok) return { refused: [{ code: 'INVENTORY_BAD_VALUE', message: split.message }] }
  const refused: RefusedArgument[] = []
  let knownHostsFiles: string[] | undefined
  const words = split.words.map(word => word.text)
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ''
    if (!word.startsWith('-o')) {
      refused.push(refuseFlag(word))
      // Its value would only be complained about a second time.
      if (/^-[A-Za-z]$/.test(word) && words[index + 1]?.startsWith('-') === false) index++
      continue
    }
    const option = word === '-o' ? words[++index] : word.slice(2)
    const match = /^\s*([A-Za-z]+)(?:\s*=\s*|\s+)(.+)$/s.exec(option ?? '')
    if (!match?.[1] || !match[2]) {
      refused.push({ code: 'INVENTORY_BAD_VALUE', message: `"${option ?? word}" is not Key=value` })
      continue
    }
    const key = match[1].toLowerCase()
    const value = match[2].trim()
    if (key === 'userknownhostsfile') {
      const files = splitWords(value, { comments: false })
      knownHostsFiles ??= files.ok ? files.words.map(file => file.text) : [value]
    } else if (key !== 'stricthostkeychecking' || !/^(?:yes|true)$/i.test(value)) {
      refused.push(refuseOption(match[1], value))
    }
  }
  return knownHostsFiles ? { knownHostsFiles, refused } : { refused }
}

const jumpHint = 'jump hosts are not built yet; run handover from the jump host'

function refuseFlag(word: string): RefusedArgument {
  if (word.startsWith('-J'))
    return { code: 'INVENTORY_NOT_BUILT', message: '-J is not built yet', hint: jumpHint }
  const hints: Readonly<Record<string, string>> = {
    '-i': 'set ansible_ssh_private_key_file',
    '-l': 'set ansible_user',
    '-p': 'set ansible_port',
  }
  const hint = Object.hasOwn(hints, word.slice(0, 2)) ? hints[word.slice(0, 2)] : undefined
  return { code: 'INVENTORY_UNSUPPORTED', message: `"${word}" is not supported`, ...(hint ? { hint } : {}) }
}

function refuseOption(key: string, value: string): RefusedArgument {
  const lower = key.toLowerCase()
  if (lower === 'proxyjump') {
    return { code: 'INVENTORY_NOT_BUILT', message: `${key} is not built yet`, hint: jumpHint }
  }
  if (lower === 'stricthostkeychecking') {
    const hint =
      'host keys are always checked; add the key to known_hosts with ssh-keyscan, after comparing it'
    return { code: 'INVENTORY_UNSUPPORTED', message: `${key}=${value} is not supported`, hint }
  }
  const hints: Readonly<Record<string, string>> = {
    identityfile: 'set ansible_ssh_private_key_file',
    user: 'set ansible_user',
    port: 'set ansible_port',
    hostname: 'set ansible_host',
    connecttimeout: 'set ansible_timeout',
    proxycommand: 'handover never starts a command from an inventory',
  }
  const hint = Object.hasOwn(hints, lower)
    ? hints[lower]
    : 'remove it: only UserKnownHostsFile and StrictHostKeyChecking=yes are understood here'
  return { code: 'INVENTORY_UNSUPPORTED', message: `${key} is not supported`, ...(hint ? { hint } : {}) }
}
