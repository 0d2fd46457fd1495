/** Which host names and addresses are accepted. They end up in arguments, paths and reports, so the rule is narrow. */
import { isIP, isIPv6 } from 'node:net'
import { plural } from '../core/text.ts'

const allowed = /^[A-Za-z0-9._:%-]+$/
const longest = 253

/** Why a host name or address is refused, as the end of a sentence; undefined when it is fine. */
export function refusalOfHostName(name: string): string | undefined {
  if (name === '') return 'is empty'
  if (name.length > longest) return `has ${plural(name.length, 'character')}; at most ${longest} are allowed`
  if (name.startsWith('-')) return 'begins with "-", which programs would take for an option'
  if (!allowed.test(name)) return 'may only contain A-Z a-z 0-9 . _ : % and -'
  if (/^\.+$/.test(name)) return 'is not a host name'
  if (/[:%]/.test(name) && !isIPv6(name)) return 'may contain ":" and "%" only as an IPv6 address'
  return undefined
}

/** `inventory_hostname_short`: up to the first dot; an address is not shortened. */
export function shortName(hostName: string): string {
  return isIP(hostName) ? hostName : (hostName.split('.', 1)[0] ?? hostName)
}

/** Names of groups become file names under group_vars/. */
export function refusalOfGroupName(name: string): string | undefined {
  if (name === '') return 'is empty'
  if (name.length > longest) return `has ${plural(name.length, 'character')}; at most ${longest} are allowed`
  if (/[\s/\\:,\u0000-\u001f\u007f-\u009f\ud800-\udfff\ufffd]/.test(name)) {
    return 'must not contain white space, slashes, colons, commas or control characters'
  }
  if (/^\.+$/.test(name)) return 'is not a group name'
  if (/^[!&~@]/.test(name)) return 'must not begin with !, &, ~ or @, which mean something in patterns'
  return undefined
}

export function hintForHostName(name: string): string | undefined {
  if (/[^\u0000-\u007f]/.test(name)) return 'write international names in their xn-- form'
  if (/^[^:]+:[^:]+$/.test(name)) return 'a port after the colon must be a number'
  return undefined
}

/** A port as a number or its digits; undefined when it is not one. */
export function readPort(value: unknown): number | undefined {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value).trim() : ''
  if (!/^\d{1,5}$/.test(text)) return undefined
  const port = Number(text)
  return port >= 1 && port <= 65_535 ? port : undefined
}
