/** A real systemd as the first process of its own namespaces, for what depends on units. */
import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type CommandResult, runCommand } from '../../src/lab/command.ts'
import { listProcesses } from '../../src/lab/process.ts'
import { waitUntil } from '../../src/lab/waiting.ts'

export interface Systemd {
  /** Of systemd itself, outside. */
  readonly pid: number
  /** Runs a program inside; ids of processes are those of the inside there. */
  run(...argv: string[]): Promise<CommandResult>
  /** Before the words of a command, to run it inside. */
  readonly wrap: readonly string[]
  /** As in /etc/systemd/system, and loads it. */
  writeUnit(name: string, text: string): Promise<void>
  /** As `systemctl show` has it: `[not set]`, `infinity`, or empty where there is none. */
  property(unit: string, name: string): Promise<string>
  /** The id inside of a process outside. */
  idInside(pid: number): number
  /** Ends every process inside, at once, as a power failure would. */
  stop(): Promise<void>
}

/** `legacy` is cgroup v1, with the controller `pids`. */
export type CgroupLayout = 'unified' | 'legacy'

const hierarchies = { unified: ['unified'], legacy: ['systemd', 'pids'] } as const
const script = fileURLToPath(new URL('systemd.sh', import.meta.url))

/** Why no systemd can be started here, or undefined. */
export function whyNoSystemd(layout: CgroupLayout = 'unified'): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can start a systemd'
  if (!existsSync('/lib/systemd/systemd')) return 'there is no systemd (package systemd)'
  try {
    const mount = layout === 'unified' ? '-t cgroup2' : '-t cgroup -o none,name=systemd'
    const make = `mount -t tmpfs tmpfs /run && mount ${mount} cgroup /run`
    const namespaces = ['--mount', '--pid', '--fork', '--cgroup', '--uts', '--ipc']
    execFileSync('unshare', [...namespaces, 'sh', '-c', make], { stdio: 'pipe' })
    if (layout === 'legacy') {
      const version = /^systemd (\d+)/.exec(execFileSync('systemctl', ['--version'], { encoding: 'utf8' }))
      if (Number(version?.[1]) >= 256) return 'this systemd has no cgroup v1 any more'
    }
    return undefined
  } catch (error) {
    return `no namespaces of its own: ${error instanceof Error ? error.message.trim() : error}`
  }
}

export async function withSystemd(
  story: (systemd: Systemd) => Promise<void>,
  layout: CgroupLayout = 'unified',
): Promise<void> {
  const systemd = await startSystemd(layout)
  try {
    await story(systemd)
  } finally {
    await systemd.stop()
  }
}

async function startSystemd(layout: CgroupLayout): Promise<Systemd> {
  const name = `handover-${randomBytes(6).toString('hex')}`
  // A session of its own: what interrupts the tests ends stdin, and the groups are still removed.
  const child = spawn('unshare', ['--mount', 'sh', script, name, ...hierarchies[layout]], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4096)
  })
  const ended = new Promise<number | null>(resolve => child.once('exit', resolve))
  const stop = async () => {
    child.stdin.end()
    if ((await ended) !== 0) throw new Error(`systemd left something behind: ${said}`)
  }
  try {
    const pid = await firstProcess(child.stdout)
    const root = `/proc/${pid}/root`
    const wrap = ['nsenter', '--target', String(pid), '--all', '--']
    const run = ([file = 'true', ...args]: readonly string[]) =>
      runCommand('nsenter', [...wrap.slice(1), file, ...args], { timeoutMs: 30_000, cwd: '/' })
    const isUp = async () =>
      existsSync(`${root}/run/systemd/private`) &&
      (await run(['systemctl', 'is-system-running', '--wait'])).stdout.trim() === 'running'
    if (!(await waitUntil(isUp, { deadlineMs: 30_000 }))) {
      throw new Error(`systemd did not come up: ${readFileSync(`${root}/dev/kmsg`, 'utf8').slice(-2000)}`)
    }
    return {
      pid,
      run: (...argv) => run(argv),
      wrap,
      async writeUnit(unit, text) {
        await writeFile(`${root}/run/systemd/system/${unit}`, text)
        const { code, stderr } = await run(['systemctl', 'daemon-reload'])
        if (code !== 0) throw new Error(`daemon-reload: ${stderr}`)
      },
      async property(unit, property) {
        return (await run(['systemctl', 'show', '-p', property, '--value', '--', unit])).stdout.trim()
      },
      idInside(outside) {
        const ids = /^NSpid:\s+(.*)$/m.exec(readFileSync(`/proc/${outside}/status`, 'utf8'))?.[1]
        return Number(ids?.split(/\s+/).at(-1))
      },
      stop,
    }
  } catch (error) {
    await stop().catch(() => {})
    throw new Error(`${error instanceof Error ? error.message : error} ${said}`)
  }
}

/** The systemd itself: the one child of the `unshare` whose id is the first line. */
async function firstProcess(stdout: NodeJS.ReadableStream): Promise<number> {
  let pid: number | undefined
  for await (const line of createInterface(stdout)) {
    const isThere = () => {
      pid = listProcesses().find(one => one.ppid === Number(line))?.pid
      return pid !== undefined
    }
    await waitUntil(isThere, { deadlineMs: 10_000 })
    break
  }
  if (pid === undefined) throw new Error('systemd did not start')
  return pid
}
