/** The order of write, fsync and publish, and a disk that is full: seen through the file handle itself. */
import type { FileHandle } from 'node:fs/promises'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { EntryBody } from '../../src/journal/entry.ts'
import { createJournal } from '../../src/journal/journal.ts'

const disk = vi.hoisted(() => ({
  events: [] as string[],
  failWrite: false,
  failSync: false,
}))

vi.mock('node:fs/promises', async original => ({
  ...(await original<typeof import('node:fs/promises')>()),
  open: async (): Promise<Partial<FileHandle>> => ({
    stat: (async () => ({ size: 0 })) as unknown as FileHandle['stat'],
    appendFile: async data => {
      if (disk.failWrite) throw new Error('ENOSPC: no space left on device, write')
      disk.events.push(`write ${String(data).split('\n').length - 1}`)
    },
    sync: async () => {},
    datasync: async () => {
      if (disk.failSync) throw new Error('EIO: i/o error, fdatasync')
      disk.events.push('sync')
    },
    close: async () => {},
  }),
}))

beforeEach(() => Object.assign(disk, { events: [], failWrite: false, failSync: false }))

const healthy = (host: string): EntryBody => ({ type: 'host.healthy', host })
const refused = { faults: [{ code: 'JOURNAL_FAILED', place: { file: '/journal' } }] }

async function open() {
  const journal = await createJournal('/journal', 'run-1')
  journal.listen(({ seq }) => void disk.events.push(`publish ${seq}`))
  return journal
}

describe('a journal', () => {
  it('writes, then syncs, then publishes, then lets the writer go on', async () => {
    const journal = await open()
    await journal.append(healthy('a'))
    disk.events.push('effect')
    expect(disk.events).toEqual(['write 1', 'sync', 'publish 0', 'effect'])
  })

  it('writes what comes in meanwhile together, with one sync', async () => {
    const journal = await open()
    await Promise.all(['a', 'b', 'c', 'd'].map(host => journal.append(healthy(host))))
    expect(disk.events.filter(event => !event.startsWith('publish'))).toEqual([
      'write 1',
      'sync',
      'write 3',
      'sync',
    ])
    expect(disk.events.slice(-3)).toEqual(['publish 1', 'publish 2', 'publish 3'])
  })

  it.each(['failWrite', 'failSync'] as const)(
    '%s: nothing is published, every writer hears of it',
    async how => {
      const journal = await open()
      disk[how] = true
      const ends = await Promise.allSettled(['a', 'b', 'c'].map(host => journal.append(healthy(host))))
      expect(ends).toMatchObject(Array(3).fill({ status: 'rejected', reason: refused }))
      expect(disk.events.filter(event => event.startsWith('publish'))).toEqual([])
    },
  )

  it('takes nothing more after a failure, for what is in the file then is not known', async () => {
    const journal = await open()
    disk.failWrite = true
    await expect(journal.append(healthy('a'))).rejects.toMatchObject(refused)
    disk.failWrite = false
    await expect(journal.append(healthy('b'))).rejects.toMatchObject(refused)
    expect(disk.events).toEqual([])
    await journal.close()
  })
})
