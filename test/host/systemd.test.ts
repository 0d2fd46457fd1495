/** The systemd of the other tests is a real one, and leaves nothing behind. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { listProcesses } from '../../src/lab/process.ts'
import { whyNoSystemd, withSystemd } from './systemd.ts'
import { until } from './world.ts'

const script = fileURLToPath(new URL('systemd.sh', import.meta.url))

test('its script is clean for shellcheck', () => {
  expect(execFileSync('shellcheck', [script], { encoding: 'utf8' })).toBe('')
})

describe.each(['unified', 'legacy'] as const)('systemd with cgroups %s', layout => {
  const why = whyNoSystemd(layout)
  const title = 'runs transient units, and ends with all of them'

  test.skipIf(why !== undefined)(why === undefined ? title : `${title} (${why})`, async () => {
    const seconds = String(600_000 + (process.pid % 100_000))
    const sleeping = () => listProcesses().filter(one => one.title.endsWith(`/sleep ${seconds}`))
    let name = ''
    await withSystemd(async systemd => {
      const started = await systemd.run('systemd-run', '--quiet', '--collect', '--unit=x', 'sleep', seconds)
      expect(started).toEqual({ code: 0, stdout: '', stderr: '' })
      await until(() => sleeping().length === 1)
      const [sleep] = sleeping()
      const id = String(systemd.idInside(sleep?.pid ?? 0))
      expect(await systemd.property('x.service', 'MainPID')).toBe(id)
      expect(readFileSync(`/proc/${systemd.pid}/comm`, 'utf8')).toBe('systemd\n')
      const group = /\/(handover-[0-9a-f]+)\/init\.scope$/m.exec(
        readFileSync(`/proc/${systemd.pid}/cgroup`, 'utf8'),
      )
      name = group?.[1] ?? ''
      expect(groupsNamed(name)).not.toEqual([])
    }, layout)
    expect(sleeping()).toEqual([])
    expect(groupsNamed(name)).toEqual([])
  })
})

/** Everywhere on the machine, where other groups come and go meanwhile. */
function groupsNamed(name: string): string[] {
  const found = spawnSync('find', ['/sys/fs/cgroup', '-maxdepth', '4', '-name', name], { encoding: 'utf8' })
  return found.stdout.split('\n').filter(Boolean)
}
