/** Rules of windows, as briefly as a playbook writes them. */
import { parseDuration } from '../../src/core/duration.ts'
import type { Window } from '../../src/playbook/windows.ts'

const rule = (
  kind: 'allow' | 'deny',
  cron: string,
  duration: string,
  timeZone = 'UTC',
  cutoff = '0s',
): Window => ({
  kind,
  cron,
  timeZone,
  durationMs: parseDuration(duration) ?? Number.NaN,
  cutoffMs: parseDuration(cutoff) ?? Number.NaN,
})
export const allow = (cron: string, duration: string, timeZone?: string, cutoff?: string) =>
  rule('allow', cron, duration, timeZone, cutoff)
export const deny = (cron: string, duration: string, timeZone?: string, cutoff?: string) =>
  rule('deny', cron, duration, timeZone, cutoff)

export const iso = (ms: number) => new Date(ms).toISOString().slice(0, 16)
