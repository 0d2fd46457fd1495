import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sha256OfFile } from '../../src/lab/checksum.ts'
import { startLab, stopLab } from '../../src/lab/fleet.ts'
import { type Lab, writeLab } from '../../src/lab/lab.ts'
import { labProcesses, openLab } from '../../src/lab/lab-directory.ts'
import { hostProcesses, startNginx, stopNginx } from '../../src/lab/nginx.ts'
import { findProcesses, isAlive, listProcesses, readProcess } from '../../src/lab/process.ts'
import { restartSshd, sshdProcesses, stopSshd } from '../../src/lab/sshd.ts'
import { labStatus } from '../../src/lab/status.ts'
import { askHttp, readBanner, waitUntil } from '../../src/lab/waiting.ts'
import { hostOf, inLab, labBinaries, scratchDirectory, ssh } from './world.ts'

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no fault',
    error => error.faults[0].code,
  )

describe('a lab of three hosts', () => {
  test('every host answers HTTP and SSH with its own name, and nothing is shared', async () => {
    await inLab({ hosts: 3 }, async (lab, { older }) => {
      for (const host of lab.hosts) {
        const root = await askHttp(`http://127.0.0.1:${host.httpPort}/`)
        expect(root?.body).toBe(`${host.name} nginx/${older.version}\n`)
        const health = await askHttp(`http://127.0.0.1:${host.httpPort}/healthz`)
        expect([health?.status, health?.body]).toEqual([200, 'ok\n'])
        const status = await askHttp(`http://127.0.0.1:${host.httpPort}/status`)
        expect(status?.body).toMatch(/^Active connections: \d+/)
        const said = await ssh(lab, host, 'echo "$HANDOVER_LAB $HANDOVER_LAB_HOST"')
        expect(said).toEqual({ code: 0, stdout: `${lab.id} ${host.name}\n`, stderr: '' })
      }
      const inodes = await Promise.all(lab.hosts.map(async host => (await stat(host.binary)).ino))
      expect(new Set([...inodes, (await stat(older.path)).ino]).size).toBe(4)
      const sums = await Promise.all(lab.hosts.map(host => sha256OfFile(host.binary)))
      expect(new Set([...sums, await sha256OfFile(older.path)]).size).toBe(1)
      const hostKeys = (await readFile(lab.knownHosts, 'utf8'))
        .trim()
        .split('\n')
        .map(line => line.split(' ')[2])
      expect(new Set(hostKeys).size).toBe(3)
    })
  })

  test('status and processes tell what runs; down leaves no process and no directory', async () => {
    await inLab({ hosts: 3 }, async (lab, { older }) => {
      const { hosts } = await labStatus(lab.dir)
      expect(
        hosts.map(host => [host.name, host.ssh, host.http, host.version, host.masters, host.workers]),
      ).toEqual(['h01', 'h02', 'h03'].map(name => [name, true, 200, older.version, 1, 2]))
      const host = hostOf(lab, 0)
      const [master, ...workers] = hostProcesses(host)
      expect(master).toMatchObject({ ...host.started.nginx, exe: host.binary })
      expect(master?.title).toBe(
        `nginx: master process ${host.binary} -c ${host.config} -p ${host.root}/ -e ${host.errorLog}`,
      )
      expect(workers.map(worker => [worker.ppid, worker.title])).toEqual(
        Array.from({ length: 2 }, () => [master?.pid, 'nginx: worker process']),
      )
      const before = await labProcesses(lab)
      expect(before.length).toBe(3 * 4)
      expect(await stopLab(lab.dir)).toEqual({ ended: 12 })
      expect(before.filter(isAlive)).toEqual([])
      expect(existsSync(lab.dir)).toBe(false)
      expect(await codeOf(stopLab(lab.dir))).toBe('LAB_NOT_FOUND')
    })
  })

  test('the inventory names every host with its port, key and known_hosts', async () => {
    await inLab({ hosts: 2 }, async lab => {
      const text = await readFile(lab.inventory, 'utf8')
      expect(text).toContain(`ansible_ssh_common_args: "-o UserKnownHostsFile=${lab.knownHosts}"`)
      for (const host of lab.hosts) {
        expect(text).toContain(
          `    ${host.name}:\n      ansible_port: ${host.sshPort}\n      http_port: ${host.httpPort}\n      lab_root: "${host.root}"\n`,
        )
      }
    })
  })
})

describe('what a lab can do to one host', () => {
  test('a lost host loses its sessions but not what they started; a restart brings it back', async () => {
    await inLab({ hosts: 2 }, async lab => {
      const [lost, other] = [hostOf(lab, 0), hostOf(lab, 1)]
      const sessions = [lost, other].map(host => ssh(lab, host, 'sleep 30 & echo $! > $0.pid; wait'))
      const sleeps = () =>
        findProcesses({ labId: lab.id, root: lab.dir }).filter(one => one.title === 'sleep 30')
      expect(await waitUntil(() => sleeps().length === 2, { deadlineMs: 5000 })).toBe(true)
      await stopSshd(lost)
      expect(await readBanner(lost.sshPort)).toBeUndefined()
      expect(sshdProcesses(lost).length).toBeGreaterThan(0)
      await stopSshd(lost, { sessions: true })
      expect((await sessions[0])?.code).toBe(255)
      expect(sshdProcesses(lost)).toEqual([])
      expect(sleeps().length).toBe(2)
      expect((await labStatus(lab.dir)).hosts.map(host => [host.ssh, host.http])).toEqual([
        [false, 200],
        [true, 200],
      ])
      await restartSshd(lost)
      expect((await ssh(lab, lost, 'true')).code).toBe(0)
      const started = sleeps()
      await stopLab(lab.dir)
      expect(started.filter(isAlive)).toEqual([])
      await sessions[1]
    })
  })

  test('nginx of one host stops and starts again; its neighbour does not notice', async () => {
    await inLab({ hosts: 2 }, async lab => {
      const [host, neighbour] = [hostOf(lab, 0), hostOf(lab, 1)]
      const before = hostProcesses(neighbour)
      await stopNginx(host)
      expect(hostProcesses(host)).toEqual([])
      expect(await askHttp(`http://127.0.0.1:${host.httpPort}/`)).toBeUndefined()
      const master = await startNginx(host)
      expect(hostProcesses(host)[0]).toMatchObject(master)
      expect(hostProcesses(neighbour)).toEqual(before)
    })
  })
})

describe('a directory', () => {
  test('down ends nothing of a lab beside it, nor of anyone else', async () => {
    await inLab({ hosts: 1 }, async beside => {
      // Looks like a lab's process by its name and its arguments only.
      const stranger = spawn('sleep', ['30'], { argv0: 'nginx: worker process', stdio: 'ignore' })
      try {
        const before = await labProcesses(beside)
        await inLab({ hosts: 2 }, async lab => {
          await stopLab(lab.dir)
          expect(await labProcesses(beside)).toEqual(before)
          expect(readProcess(stranger.pid ?? 0)?.title).toContain('nginx: worker process')
        })
        expect((await ssh(beside, hostOf(beside, 0), 'true')).code).toBe(0)
      } finally {
        stranger.kill('SIGKILL')
      }
    })
  })

  test('that holds other files is refused and left alone', async () => {
    const { older } = await labBinaries()
    const scratch = await scratchDirectory()
    await mkdir(scratch.path)
    await writeFile(join(scratch.path, 'precious'), 'x')
    const wanted = { dir: scratch.path, hosts: 1, binary: older.path }
    expect(await codeOf(startLab(wanted))).toBe('LAB_DIRECTORY_NOT_EMPTY')
    expect(await codeOf(stopLab(scratch.path))).toBe('LAB_NOT_FOUND')
    expect(await readFile(join(scratch.path, 'precious'), 'utf8')).toBe('x')
    expect(await codeOf(startLab({ ...wanted, dir: '/tmp/a b' }))).toBe('LAB_OPTION_INVALID')
    expect(await codeOf(startLab({ ...wanted, hosts: 0 }))).toBe('LAB_OPTION_INVALID')
    await scratch.remove()
  })

  test('with a living lab is refused; a copy of it is no lab', async () => {
    await inLab({ hosts: 1 }, async (lab, { older }) => {
      expect(await codeOf(startLab({ dir: lab.dir, hosts: 1, binary: older.path }))).toBe('LAB_ALREADY_UP')
      const copy = await scratchDirectory()
      await mkdir(copy.path)
      await cp(join(lab.dir, 'lab.json'), join(copy.path, 'lab.json'))
      expect(await codeOf(stopLab(copy.path))).toBe('LAB_NOT_FOUND')
      expect((await labProcesses(lab)).length).toBe(4)
      await copy.remove()
    })
  })

  test('with what a crashed start left is cleaned and used', async () => {
    await inLab({ hosts: 1 }, async (lab, { older }) => {
      const left = await labProcesses(lab)
      const crashed: Lab = { ...lab, state: 'starting', starter: { pid: process.pid, startTime: 1 } }
      await writeLab({ ...crashed, hosts: lab.hosts.map(host => ({ ...host, started: {} })) })
      const next = await startLab({ dir: lab.dir, hosts: 1, binary: older.path })
      expect(left.filter(isAlive)).toEqual([])
      expect((await openLab(lab.dir)).id).toBe(next.id)
    })
  })

  test('of a start that failed is gone, with all that was started', async () => {
    const scratch = await scratchDirectory()
    const start = startLab({ dir: scratch.path, hosts: 2, binary: '/bin/false' })
    expect(await codeOf(start)).toBe('LAB_START_FAILED')
    expect(existsSync(scratch.path)).toBe(false)
    expect(listProcesses().filter(one => one.title.includes(scratch.path))).toEqual([])
    await scratch.remove()
  })
})
