import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256OfFile } from '../../src/lab/checksum.ts'
import { runCommand } from '../../src/lab/command.ts'
import { stopLab } from '../../src/lab/fleet.ts'
import type { LabHost } from '../../src/lab/lab.ts'
import { labProcesses } from '../../src/lab/lab-directory.ts'
import { hostProcesses, startNginx, stopNginx } from '../../src/lab/nginx.ts'
import { type LabBinaries, nginxVersion } from '../../src/lab/packages.ts'
import { isAlive } from '../../src/lab/process.ts'
import { buildVariant, type Variant, type VariantKind, variantKinds } from '../../src/lab/variants.ts'
import { askHttp, waitUntil } from '../../src/lab/waiting.ts'
import { hostOf, inLab, labBinaries, placeBinary } from './world.ts'

let dir: string
let binaries: LabBinaries
const made = new Map<VariantKind, Variant>()

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'handover-variants-'))
  binaries = await labBinaries()
  for (const kind of variantKinds) made.set(kind, await buildVariant(kind, binaries.newer, dir))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

const variant = (kind: VariantKind): Variant => made.get(kind) ?? { kind, path: 'missing' }
const ask = (host: LabHost, path: string) => askHttp(`http://127.0.0.1:${host.httpPort}${path}`)
const oldPid = (host: LabHost) => existsSync(`${host.pidFile}.oldbin`)

async function exchange(host: LabHost, path: string): Promise<void> {
  await stopNginx(host)
  await placeBinary(host, path)
  await startNginx(host)
}

describe('on the command line', () => {
  test('dies-at-start exits with 1', async () => {
    expect((await runCommand(variant('dies-at-start').path, ['-v'])).code).toBe(1)
  })

  test('those that run say the version they are to have, and all differ', async () => {
    for (const kind of [
      'serves-wrongly',
      'other-version',
      'dies-after-tests',
      'wrong-on-one-host',
    ] as const) {
      const { path, version = 'none' } = variant(kind)
      expect(await nginxVersion(path)).toEqual({ version })
    }
    expect(variant('wrong-on-one-host').version).toMatch(/9$/)
    const paths = [binaries.older.path, binaries.newer.path, ...variantKinds.map(kind => variant(kind).path)]
    expect(new Set(await Promise.all(paths.map(sha256OfFile))).size).toBe(paths.length)
  })
})

test('serves-wrongly answers everything rightly but its status page', async () => {
  await inLab({ hosts: 1 }, async lab => {
    const host = hostOf(lab, 0)
    await exchange(host, variant('serves-wrongly').path)
    expect((await ask(host, '/status'))?.body).toMatch(/^Broken connections: \d+/)
    expect((await ask(host, '/'))?.body).toBe(`h01 nginx/${binaries.newer.version}\n`)
    expect((await ask(host, '/healthz'))?.status).toBe(200)
  })
})

test('wrong-on-one-host answers 503 on the host with the quirk only, and only with that version', async () => {
  await inLab({ hosts: 2, quirkLast: true }, async lab => {
    const health = () => Promise.all(lab.hosts.map(async host => (await ask(host, '/healthz'))?.status))
    expect(await health()).toEqual([200, 200])
    const { path, version } = variant('wrong-on-one-host')
    for (const [file, expected] of [
      [binaries.newer.path, [200, 200]],
      [path, [200, 503]],
    ] as const) {
      await Promise.all(lab.hosts.map(host => exchange(host, file)))
      expect(await health()).toEqual(expected)
    }
    expect((await ask(hostOf(lab, 1), '/'))?.body).toBe(`h02 nginx/${version}\n`)
  })
})

describe('as the new binary of a running nginx', () => {
  // Seen in nginx's log, because a shell and even execvp(3) take a file the kernel refuses for a script.
  test.each([
    ['cannot-be-executed', '(8: Exec format error)'],
    ['wrong-architecture', '(8: Exec format error)'],
    ['dies-at-start', 'exited with code 1'],
  ] as const)('%s: %s; the old one serves on', async (kind, message) => {
    await inLab({ hosts: 1 }, async lab => {
      const host = hostOf(lab, 0)
      const before = hostProcesses(host)
      await placeBinary(host, variant(kind).path)
      process.kill(before[0]?.pid ?? 0, 'SIGUSR2')
      const hasFailed = async () => (await readFile(host.errorLog, 'utf8')).includes(message) && !oldPid(host)
      expect(await waitUntil(hasFailed, { deadlineMs: 5000 })).toBe(true)
      expect(hostProcesses(host)).toEqual(before)
      expect((await ask(host, '/'))?.status).toBe(200)
    })
  })

  test.each(['newer', 'other-version'] as const)('%s takes over', async name => {
    await inLab({ hosts: 1 }, async lab => {
      const host = hostOf(lab, 0)
      const { path, version } = name === 'newer' ? binaries.newer : variant(name)
      const old = hostProcesses(host)[0]
      await placeBinary(host, path)
      process.kill(old?.pid ?? 0, 'SIGUSR2')
      const workers = () => hostProcesses(host).filter(one => one.title === 'nginx: worker process')
      expect(await waitUntil(() => workers().length === 4, { deadlineMs: 5000 })).toBe(true)
      process.kill(old?.pid ?? 0, 'SIGQUIT')
      expect(await waitUntil(() => hostProcesses(host).length === 3, { deadlineMs: 5000 })).toBe(true)
      const [master] = hostProcesses(host)
      expect(await sha256OfFile(`/proc/${master?.pid}/exe`)).toBe(await sha256OfFile(path))
      expect((await ask(host, '/'))?.body).toBe(`h01 nginx/${version}\n`)
    })
  })

  test('dies-after-tests passes -t, begins, and dies of the taken port; the old one serves on', async () => {
    await inLab({ hosts: 1 }, async lab => {
      const host = hostOf(lab, 0)
      const master = hostProcesses(host)[0]
      await placeBinary(host, variant('dies-after-tests').path)
      const args = ['-t', '-c', host.config, '-p', `${host.root}/`, '-e', host.errorLog]
      expect((await runCommand(host.binary, args)).code).toBe(0)
      process.kill(master?.pid ?? 0, 'SIGUSR2')
      expect(await waitUntil(() => oldPid(host), { deadlineMs: 2000, everyMs: 2 })).toBe(true)
      expect(await waitUntil(() => !oldPid(host), { deadlineMs: 8000 })).toBe(true)
      expect(hostProcesses(host)[0]).toEqual(master)
      expect((await ask(host, '/'))?.body).toBe(`h01 nginx/${binaries.older.version}\n`)
    })
  })

  test('hangs-at-start never writes its pid; down ends it even as an orphan', async () => {
    await inLab({ hosts: 1 }, async lab => {
      const host = hostOf(lab, 0)
      await placeBinary(host, variant('hangs-at-start').path)
      process.kill(hostProcesses(host)[0]?.pid ?? 0, 'SIGUSR2')
      const hanging = async () => (await labProcesses(lab)).filter(one => one.title === 'sleep 300')
      expect(await waitUntil(async () => (await hanging()).length === 1, { deadlineMs: 5000 })).toBe(true)
      expect([oldPid(host), existsSync(host.pidFile)]).toEqual([true, false])
      await stopNginx(host)
      const orphans = await hanging()
      expect(orphans.length).toBe(1)
      await stopLab(lab.dir)
      expect(orphans.filter(isAlive)).toEqual([])
    })
  })
})
