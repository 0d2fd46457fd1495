/** `web[01:50:2]` and `db[a:c]:5432`: one written host that stands for many. */

interface HostMention {
  readonly names: readonly string[]
  /** The digits after the last colon, not yet checked. */
  readonly port: string | undefined
}

export type Expansion = { readonly ok: true; readonly mention: HostMention } | Refusal

interface Refusal {
  readonly ok: false
  readonly code: 'INVENTORY_BAD_RANGE' | 'INVENTORY_TOO_LARGE'
  /** Lower case, no full stop. */
  readonly message: string
}

/** Most hosts that one written line may stand for. */
const mostHostsPerLine = 100_000

// The order of Python's string.ascii_letters, which [a:C] counts in.
const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** Splits off the port and multiplies the ranges out. Names are not checked here. */
export function expandHosts(written: string): Expansion {
  const { pattern, port } = splitPort(written)
  let names = ['']
  let from = 0
  while (from < pattern.length) {
    const open = pattern.indexOf('[', from)
    if (open < 0) break
    const close = pattern.indexOf(']', open)
    if (close < 0) return refuse('INVENTORY_BAD_RANGE', `the range in "${written}" has no closing bracket`)
    const range = readRange(pattern.slice(open + 1, close), names.length)
    if (!range.ok) return range
    const head = pattern.slice(from, open)
    names = names.flatMap(name => range.items.map(item => name + head + item))
    from = close + 1
  }
  const tail = pattern.slice(from)
  return { ok: true, mention: { names: tail === '' ? names : names.map(name => name + tail), port } }
}

/** As Ansible's parse_address: a bare IPv6 address has no port, `[::1]:22` has one. */
function splitPort(written: string): { pattern: string; port: string | undefined } {
  const bracketed = /^\[([^[\]]+)\]:(\d+)$/.exec(written)
  // With exactly one colon inside it is a range.
  if (bracketed?.[1] !== undefined && bracketed[1].split(':').length !== 2) {
    return { pattern: bracketed[1], port: bracketed[2] }
  }
  const plain = /^((?:[^:[\]]|\[[^\]]*\])*):(\d+)$/.exec(written)
  return plain?.[1] === undefined
    ? { pattern: written, port: undefined }
    : { pattern: plain[1], port: plain[2] }
}

function readRange(inside: string, already: number): { ok: true; items: string[] } | Refusal {
  const [begin = '', end, stepText = '1', ...more] = inside.split(':')
  if (end === undefined || more.length > 0) {
    return refuse('INVENTORY_BAD_RANGE', `[${inside}] is not a range; write [begin:end] or [begin:end:step]`)
  }
  if (end === '') return refuse('INVENTORY_BAD_RANGE', `the range [${inside}] has no end`)
  const step = /^\d{1,9}$/.test(stepText) ? Number(stepText) : 0
  if (step < 1) return refuse('INVENTORY_BAD_RANGE', `the step of [${inside}] must be a whole number from 1`)
  const first = begin === '' ? '0' : begin
  const numeric = /^\d{1,12}$/.test(first) && /^\d{1,12}$/.test(end)
  const padded = numeric && first.length > 1 && first.startsWith('0')
  if (padded && first.length !== end.length) {
    return refuse('INVENTORY_BAD_RANGE', `both ends of [${inside}] need the same length after a leading zero`)
  }
  const low = numeric ? Number(first) : letterIndex(first)
  const high = numeric ? Number(end) : letterIndex(end)
  if (low < 0 || high < 0) {
    return refuse('INVENTORY_BAD_RANGE', `the ends of [${inside}] must be two numbers or two letters`)
  }
  if (low > high) return refuse('INVENTORY_BAD_RANGE', `the range [${inside}] runs backwards`)
  const count = Math.floor((high - low) / step) + 1
  if (count * already > mostHostsPerLine) {
    return refuse('INVENTORY_TOO_LARGE', `[${inside}] makes more than ${mostHostsPerLine} hosts of one line`)
  }
  const items = Array.from({ length: count }, (_, index) => low + index * step)
  if (!numeric) return { ok: true, items: items.map(item => letters.charAt(item)) }
  return { ok: true, items: items.map(item => String(item).padStart(padded ? first.length : 0, '0')) }
}

function letterIndex(text: string): number {
  return text.length === 1 ? letters.indexOf(text) : -1
}

function refuse(code: Refusal['code'], message: string): Refusal {
  return { ok: false, code, message }
}
