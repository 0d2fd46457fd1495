import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  answerRequest,
  awaitReply,
  clearRequests,
  forgetReplies,
  postRequest,
  readRequests,
  takeRequest,
} from '../../src/journal/requests.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'handover-requests-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const from = { by: 'anna@desk', at: '2026-11-20T09:15:01.250Z' }
const place = () => join(dir, 'requests')

describe('a request', () => {
  it('waits for its owner alone, in the order of asking', async () => {
    await postRequest(dir, { verb: 'pause', ms: 1000, ...from }, 2000)
    await postRequest(dir, { verb: 'abort', ...from }, 1000)
    await postRequest(dir, { verb: 'approve', stage: 'rest', ...from }, 10_000)
    const found = await readRequests(dir)
    expect(found.map(({ request }) => request.verb)).toEqual(['abort', 'pause', 'approve'])
    expect(found[2]?.request).toEqual({ verb: 'approve', stage: 'rest', ...from })
    expect(statSync(place()).mode & 0o777).toBe(0o700)
    for (const name of readdirSync(place())) expect(statSync(join(place(), name)).mode & 0o777).toBe(0o600)
  })

  it('is gone once it was answered, and the answer once it was read', async () => {
    const name = await postRequest(dir, { verb: 'abort', ...from })
    expect(await takeRequest(dir, name)).toBe(true)
    await answerRequest(dir, name, { ok: false, why: 'it is decided' })
    expect(await readRequests(dir)).toEqual([])
    expect(await awaitReply(dir, name, 1000, 1000)).toEqual({ ok: false, why: 'it is decided' })
    expect(readdirSync(place())).toEqual([])
  })

  it('that nobody takes is taken back: nobody does it later', async () => {
    const name = await postRequest(dir, { verb: 'abort', ...from })
    const [listed] = await readRequests(dir)
    expect(await awaitReply(dir, name, 120, 1000)).toBe('taken back')
    expect(await takeRequest(dir, listed?.name ?? '')).toBe(false)
    expect(readdirSync(place())).toEqual([])
  })

  it('that was taken is waited for, however long it takes to write it down', async () => {
    const name = await postRequest(dir, { verb: 'abort', ...from })
    await takeRequest(dir, name)
    const waiting = awaitReply(dir, name, 100, 5000)
    await new Promise(resolve => setTimeout(resolve, 300))
    expect(await readRequests(dir)).toEqual([])
    await answerRequest(dir, name, { ok: true })
    expect(await waiting).toEqual({ ok: true })
  })

  it('that was taken and never answered is not known to be done', async () => {
    const name = await postRequest(dir, { verb: 'abort', ...from })
    await takeRequest(dir, name)
    expect(await awaitReply(dir, name, 100, 300)).toBe('not known')
  })

  it('that another controller has cleared away is not waited for', async () => {
    const name = await postRequest(dir, { verb: 'abort', ...from })
    clearRequests(dir)
    const began = performance.now()
    expect(await awaitReply(dir, name, 100, 30_000)).toBe('not known')
    expect(performance.now() - began).toBeLessThan(10_000)
  })

  it('is done by one of two who would take it', async () => {
    const name = await postRequest(dir, { verb: 'abort', ...from })
    const taken = await Promise.all([takeRequest(dir, name), takeRequest(dir, name)])
    expect(taken.filter(Boolean)).toHaveLength(1)
  })

  it('of before this controller is thrown away', async () => {
    await postRequest(dir, { verb: 'abort', ...from })
    clearRequests(dir)
    expect(await readRequests(dir)).toEqual([])
    clearRequests(dir)
  })

  it('whose answer nobody came for is forgotten after two minutes', async () => {
    const name = await postRequest(dir, { verb: 'abort', ...from }, 1000)
    await takeRequest(dir, name)
    await answerRequest(dir, name, { ok: true })
    forgetReplies(dir, 50_000)
    expect(readdirSync(place())).toHaveLength(1)
    forgetReplies(dir, 200_000)
    expect(readdirSync(place())).toEqual([])
  })
})

describe('what is no request is passed over', () => {
  const good = JSON.stringify({ verb: 'abort', ...from })
  const name = '000000000001000-0123abcd.json'

  it.each([
    ['nothing', ''],
    ['no JSON', 'abort'],
    ['another verb', JSON.stringify({ verb: 'format', ...from })],
    ['nobody who asked', JSON.stringify({ verb: 'abort' })],
    ['a pause without a time', JSON.stringify({ verb: 'pause', ...from })],
    ['a pause of no time', JSON.stringify({ verb: 'pause', ms: 0, ...from })],
    ['a stage that is no text', JSON.stringify({ verb: 'approve', stage: 7, ...from })],
    ['far too much', `${good}${' '.repeat(5000)}`],
    ['null', 'null'],
  ])('a file with %s', async (_, text) => {
    mkdirSync(place())
    writeFileSync(join(place(), name), text)
    expect(await readRequests(dir)).toEqual([])
  })

  it.each(['abort.json', '1-2.json', `.${name}`, `${name}.tmp`, name.replace('json', 'txt')])(
    'a file of the name %s',
    async other => {
      mkdirSync(place())
      writeFileSync(join(place(), other), good)
      expect(await readRequests(dir)).toEqual([])
    },
  )

  it('a link, a directory, a pipe: nobody waits for them', async () => {
    mkdirSync(place())
    writeFileSync(join(dir, 'elsewhere'), good)
    symlinkSync(join(dir, 'elsewhere'), join(place(), name))
    mkdirSync(join(place(), name.replace('1000', '2000')))
    execFileSync('mkfifo', [join(place(), name.replace('1000', '3000'))])
    utimesSync(place(), 0, 0)
    expect(await readRequests(dir)).toEqual([])
  })

  it('and where there is no directory there is none', async () => {
    expect(await readRequests(join(dir, 'nowhere'))).toEqual([])
  })
})
