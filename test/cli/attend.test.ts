/** Requests at a controller whose journal is slow. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Attendance, attendRequests } from '../../src/cli/attend.ts'
import { awaitReply, postRequest } from '../../src/journal/requests.ts'
import type { Helm } from '../../src/run/helm.ts'

let dir = ''
let attendance: Attendance
const done: string[] = []
let written: (isWritten: boolean) => void

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'handover-attend-'))
  done.length = 0
  const note = (what: string) => () => void done.push(what)
  const helm: Helm = {
    interrupt: note('abort'),
    pause: note('pause'),
    proceed: note('continue'),
    approve: note('approve'),
    written: () =>
      new Promise(resolve => {
        written = resolve
      }),
  }
  attendance = attendRequests(dir, helm, () => {})
})
afterEach(async () => {
  await attendance.end()
  rmSync(dir, { recursive: true, force: true })
})

const from = { by: 'anna@desk', at: '2026-11-20T09:15:01.250Z' }

test('one that was taken back while the one before it was written down is not done', async () => {
  const first = await postRequest(dir, { verb: 'pause', ms: 1000, ...from }, Date.now())
  const second = await postRequest(dir, { verb: 'abort', ...from }, Date.now() + 1)
  expect(await awaitReply(dir, second, 800, 2000)).toBe('taken back')
  expect(done).toEqual(['pause'])
  const waiting = awaitReply(dir, first, 100, 5000)
  written(true)
  expect(await waiting).toEqual({ ok: true })
  const third = await postRequest(dir, { verb: 'approve', ...from })
  const answer = awaitReply(dir, third, 2000, 5000)
  await expect.poll(() => done).toEqual(['pause', 'approve'])
  written(true)
  expect(await answer).toEqual({ ok: true })
})

test('one that cannot be written down is told so, but an abort is done all the same', async () => {
  const pause = awaitReply(dir, await postRequest(dir, { verb: 'pause', ms: 1000, ...from }), 2000, 5000)
  await expect.poll(() => done).toEqual(['pause'])
  written(false)
  expect(await pause).toMatchObject({ ok: false })
  const abort = awaitReply(dir, await postRequest(dir, { verb: 'abort', ...from }), 2000, 5000)
  await expect.poll(() => done).toEqual(['pause', 'abort'])
  written(false)
  expect(await abort).toEqual({ ok: true })
})
