import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { claimController, highestEpoch, readController, takenOver } from '../../src/journal/controllers.ts'
import { livenessOf, machineIdentity, processIdentity } from '../../src/journal/process-identity.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'handover-controllers-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

describe('the controller of a run', () => {
  it('leaves a file that says who, where and which process, for its owner alone', async () => {
    expect(highestEpoch(dir)).toBe(0)
    const made = await claimController(dir, 'r1', 1)
    expect(made).toMatchObject({ epoch: 1, pid: process.pid, from: hostname() })
    expect(readController(dir, 1)).toEqual(made)
    expect(statSync(join(dir, 'controller-1')).mode & 0o777).toBe(0o600)
    expect(readdirSync(dir)).toEqual(['controller-1'])
    expect(livenessOf(made)).toBe('alive')
  })

  it('is one of many that try at once', async () => {
    await claimController(dir, 'r1', 1)
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => claimController(dir, 'r1', 2)))
    const lost = tries.filter(one => one.status === 'rejected')
    expect(lost).toHaveLength(19)
    for (const { reason } of lost) expect(reason).toMatchObject({ faults: [{ code: 'RUN_ACTIVE' }] })
    expect(highestEpoch(dir)).toBe(2)
  })

  it('is told by the highest number, as a number', () => {
    for (const epoch of [1, 2, 9, 10]) writeFileSync(join(dir, `controller-${epoch}`), '{}')
    for (const name of ['controller-', 'controller-011', 'controller-x', 'controller-77.5.tmp'])
      writeFileSync(join(dir, name), '{}')
    expect(highestEpoch(dir)).toBe(10)
  })

  it.each([['', '{', 'null', '[]', '{"pid":1}', '"x"']])('is not known from a file with %j', text => {
    writeFileSync(join(dir, 'controller-1'), text)
    expect(readController(dir, 1)).toBeUndefined()
  })

  it('cannot be made where nothing can be written', async () => {
    mkdirSync(join(dir, 'controller-1.dir'))
    await expect(claimController(join(dir, 'nowhere'), 'r1', 1)).rejects.toMatchObject({
      faults: [{ code: 'JOURNAL_FAILED' }],
    })
  })

  it('that came before writes nothing more', async () => {
    await claimController(dir, 'r1', 1)
    expect(takenOver(dir, 'r1', 1)).toBeUndefined()
    await claimController(dir, 'r1', 2)
    expect(takenOver(dir, 'r1', 1)?.faults).toMatchObject([{ code: 'RUN_TAKEN_OVER' }])
    expect(takenOver(dir, 'r1', 2)).toBeUndefined()
    writeFileSync(join(dir, 'controller-2'), 'half')
    expect(takenOver(dir, 'r1', 1)).toBeDefined()
  })
})

describe('a process', () => {
  const own = {
    pid: process.pid,
    identity: processIdentity(process.pid) ?? '',
    machine: machineIdentity(),
  }
  const [boot, start] = own.identity.split(':')
  const [id, space] = own.machine.split(' ')

  it.each([
    ['itself', own, 'alive'],
    ['another one with its number', { ...own, identity: `${boot}:${Number(start) - 1}` }, 'gone'],
    ['one with a number that nobody has', { ...own, pid: 4_194_304 }, 'gone'],
    [
      'one of before the machine was started anew',
      { ...own, identity: `f00:${start}`, machine: `${id} pid:[1]` },
      'gone',
    ],
    ['one of another machine', { ...own, machine: `elsewhere/x ${space}` }, 'unknown'],
    ['one of another container of this machine', { ...own, machine: `${id} pid:[1]` }, 'unknown'],
    ['one that could not say who it is', { ...own, identity: '' }, 'unknown'],
  ] as const)('that is %s', (_, trace, said) => {
    expect(livenessOf(trace)).toBe(said)
  })

  it('that has ended and waits for its parent is gone', () => {
    expect(readFileSync(`/proc/${process.pid}/stat`, 'utf8')).toContain(String(process.pid))
    expect(processIdentity(4_194_304)).toBeUndefined()
  })
})
