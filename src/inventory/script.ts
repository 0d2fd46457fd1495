/** A program as an inventory: what it prints for `--list` and, where that lacks `_meta`, for `--host NAME`. */
import { resolve } from 'node:path'
import { fault, HandoverError } from '../core/fault.ts'
import type { Loading } from './loading.ts'
import { runProgram } from './own-program.ts'
import { readScriptOutput } from './script-output.ts'
import type { Spot } from './spot.ts'

/** For all runs of one program together: without `_meta` there is one for each host. */
const timeoutMs = 120_000

/**
 * Runs it and adds its hosts, groups and vars.
 * @throws HandoverError INVENTORY_SCRIPT; other mistakes go to `loading.faults`.
 */
export function readScript(loading: Loading, source: string): void {
  const file = resolve(source)
  const spot: Spot = { source: { file: source, text: '' }, offset: 0 }
  const until = performance.now() + timeoutMs
  const ask = (...args: string[]): Buffer => {
    const left = until - performance.now()
    if (left <= 0) {
      const hint = 'let --list print _meta.hostvars, so that it is not run for every host'
      throw refusal(source, `${source} was not through with its hosts after ${timeoutMs / 1000} s`, hint)
    }
    const answer = runProgram(file, args, left)
    if (answer.ok) return answer.stdout
    throw refusal(source, answer.message, answer.hint)
  }
  const answer = parseObject(source, '--list', ask('--list'))
  readScriptOutput(loading, answer, spot, host => parseObject(source, `--host ${host}`, ask('--host', host)))
}

/** @throws HandoverError INVENTORY_SCRIPT when it is not a JSON object. */
function parseObject(file: string, args: string, output: Buffer): Readonly<Record<string, unknown>> {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(output)
  } catch {
    throw refusal(file, `${file} ${args} printed bytes that are not UTF-8`)
  }
  const parsed = parseJson(text)
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
    return parsed as Readonly<Record<string, unknown>>
  }
  const begin = text.trim() === '' ? 'nothing' : JSON.stringify(text.trimStart().slice(0, 60))
  throw refusal(file, `${file} ${args} must print one JSON object; it printed ${begin}`)
}

/** Whole numbers that JavaScript cannot hold become text before they are rounded. Undefined when it is not JSON. */
function parseJson(text: string): unknown {
  try {
    JSON.parse(text)
  } catch {
    return undefined
  }
  return JSON.parse(exactNumbers(text))
}

const textOrNumber = /"|-?\d[\d.eE+-]*/g

/** Texts are skipped by hand: an expression for them takes the stack of a long one, and looks into each for numbers. */
function exactNumbers(json: string): string {
  const parts: string[] = []
  let done = 0
  textOrNumber.lastIndex = 0
  for (let found = textOrNumber.exec(json); found; found = textOrNumber.exec(json)) {
    const { 0: token, index } = found
    if (token === '"') textOrNumber.lastIndex = endOfText(json, index + 1)
    else if (/^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token))) {
      parts.push(json.slice(done, index), `"${token}"`)
      done = index + token.length
    }
  }
  return parts.join('') + json.slice(done)
}

/** Behind the quote that ends the text which begins here. */
function endOfText(json: string, from: number): number {
  for (let at = json.indexOf('"', from); at >= 0; at = json.indexOf('"', at + 1)) {
    let backslashes = 0
    while (json[at - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return at + 1
  }
  return json.length
}

function refusal(file: string, message: string, hint?: string): HandoverError {
  return new HandoverError(fault('INVENTORY_SCRIPT', message, { place: { file }, ...(hint ? { hint } : {}) }))
}
