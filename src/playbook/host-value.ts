/** What a value must be once its templates are filled in; checked at load where there are none, else per host. */
import * as z from 'zod'
import { HandoverError } from '../core/fault.ts'
import type { Vantage } from './playbook.ts'
import { hasTemplate, parseTemplate } from './template-syntax.ts'
import { type Refusal, refuse } from './values.ts'

type Check = (value: string) => Refusal | undefined

/** A string that may hold templates: their grammar is checked now, and the value too when there are none. */
/** @param shape for editors: what values without templates look like */
export function hostText(check: Check, shape = '') {
  return z
    .string({ error: 'text' })
    .meta(shape === '' ? {} : { pattern: shape })
    .superRefine((source, ctx) => {
      if (hasTemplate(source)) return checkGrammar(source, ctx)
      const refusal = check(source)
      if (refusal) refuse(ctx, refusal)
    })
}

export const hostFlag = z
  .union([z.boolean(), z.string()], { error: 'true or false' })
  .superRefine((source, ctx) => {
    if (typeof source === 'string' && hasTemplate(source)) return checkGrammar(source, ctx)
    const refusal = flagRefusal(source)
    if (refusal) refuse(ctx, refusal)
  })

function checkGrammar(source: string, ctx: z.RefinementCtx): void {
  try {
    parseTemplate(source)
  } catch (error) {
    if (!(error instanceof HandoverError)) throw error
    for (const { code, message, hint } of error.faults) refuse(ctx, { code, message, hint })
  }
}

export function flagRefusal(value: unknown): Refusal | undefined {
  if (value === true || value === false || value === 'true' || value === 'false') return undefined
  const yes = /^(yes|on|y)$/i.test(String(value))
  const known = yes || /^(no|off|n)$/i.test(String(value))
  return {
    message: `must be true or false, not ${JSON.stringify(value)}`,
    hint: known ? `write ${yes}: YAML 1.2 knows only true and false` : undefined,
  }
}

export function pathRefusal(value: string): Refusal | undefined {
  if (/[\0\n\r]/.test(value)) return { message: 'must not contain a line break or a NUL' }
  if (!value.startsWith('/')) {
    const isShell = /^[~$]/.test(value)
    const hint = isShell ? 'write it in full: no shell fills in "~" or "$"' : 'begin it with "/"'
    return { message: `must be an absolute path, not ${JSON.stringify(value)}`, hint }
  }
  if (value.endsWith('/')) return { message: `must name a file or a directory without a "/" at its end` }
  return undefined
}

export function urlRefusal(value: string): Refusal | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    return {
      message: `must be an http or https address, not ${JSON.stringify(value)}`,
      hint: 'write it in full: "http://{{ inventory_hostname }}/healthz"',
    }
  }
  // A plan is shown and kept on disk.
  if (url.username !== '' || url.password !== '') {
    const hint = 'put a secret into the path or the query: http://host/check?key={{ key }}'
    return { message: 'must not contain a user or a password', hint }
  }
  return undefined
}

export function addressRefusal(value: string): Refusal | undefined {
  if (readAddress(value)) return undefined
  const message = `must be "host:port" with a port from 1 to 65535, not ${JSON.stringify(value)}`
  return { message, hint: 'an IPv6 address stands in brackets: "[::1]:443"' }
}

/** `host:port` or `[v6]:port`; undefined when it is neither. */
export function readAddress(value: string): { host: string; port: number } | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(value)
  const port = Number(match?.[3])
  const host = match?.[1] ?? match?.[2]
  return host && port >= 1 && port <= 65_535 ? { host, port } : undefined
}

export function argumentRefusal(value: string): Refusal | undefined {
  return value.includes('\0') ? { message: 'must not contain a NUL' } : undefined
}

/** The first word of a command: on a host there is no directory that a relative path could start from. */
export function programRefusal(value: string, from: Vantage): Refusal | undefined {
  if (value === '') return { message: 'must name a program' }
  if (from === 'host' && value.includes('/') && !value.startsWith('/')) {
    return {
      message: `must be an absolute path or a bare name, because it runs on the host, not ${JSON.stringify(value)}`,
      hint: 'begin it with "/", or let it run here: from: controller',
    }
  }
  return undefined
}
