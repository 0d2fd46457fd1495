/** The sshd of one host: the system's own program, run as the current user with the host's configuration. */
import { spawn } from 'node:child_process'
import { access, constants, mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fault, HandoverError } from '../core/fault.ts'
import { runCommand } from './command.ts'
import { endProcesses } from './ending.ts'
import { sshdConfigFile } from './host-tree.ts'
import type { LabHost } from './lab.ts'
import { daemonEnvironment, startFailed } from './nginx.ts'
import { findProcesses, isSshd, type LabProcess, type ProcessId, readProcess } from './process.ts'
import { readBanner, waitUntil } from './waiting.ts'

/** @throws HandoverError LAB_PROGRAM_MISSING */
export async function findSshd(): Promise<string> {
  const folders = ['/usr/sbin', '/usr/local/sbin', '/sbin', ...(process.env.PATH ?? '').split(':')]
  for (const folder of folders.filter(name => name.startsWith('/'))) {
    const path = join(folder, 'sshd')
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return path
  }
  throw new HandoverError(
    fault('LAB_PROGRAM_MISSING', 'sshd is not installed', { hint: 'run scripts/setup.sh' }),
  )
}

/** Lines that depend on the machine: what this sshd knows, and how root's account is set up. */
export async function sshdPeculiarities(sshd: string): Promise<{ lines: string[]; usePam: boolean }> {
  const version = /OpenSSH_(\d+)\.(\d+)/.exec((await runCommand(sshd, ['-V'])).stderr)
  const number = Number(version?.[1] ?? 0) * 100 + Number(version?.[2] ?? 0)
  const shadow = process.getuid?.() === 0 ? await readFile('/etc/shadow', 'utf8').catch(() => '') : ''
  return {
    // Since 9.8 an address whose connections fail is shut out for a while; here every host has the same address.
    lines: number >= 908 ? ['PerSourcePenalties no'] : [],
    // Without PAM sshd refuses an account whose password is locked with "!", even with a key.
    usePam: /^root:!/m.test(shadow),
  }
}

/**
 * Returns when sshd has bound its port and greets.
 * @throws HandoverError LAB_START_FAILED, with the end of its log
 */
export async function startSshd(host: LabHost): Promise<ProcessId> {
  const sshd = await findSshd()
  // Where root's sshd puts its unprivileged part; a system service would have made it.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 })
  const log = sshdLog(host)
  const stderr = await open(log, 'a')
  let hasEnded = false
  const child = spawn(sshd, ['-D', '-f', sshdConfigFile(host), '-E', log], {
    detached: true,
    stdio: ['ignore', 'ignore', stderr.fd],
    cwd: host.root,
    env: daemonEnvironment(host),
  })
  child.once('error', () => {
    hasEnded = true
  })
  child.once('exit', () => {
    hasEnded = true
  })
  child.unref()
  await stderr.close()
  const greets = async () => {
    if (hasEnded) return true
    // The pid file first: a greeting alone could come from whoever took the port.
    return (await listenerPid(host)) === child.pid && (await readBanner(host.sshPort)) !== undefined
  }
  const isUp = (await waitUntil(greets, { deadlineMs: 10_000 })) && !hasEnded
  const found = child.pid === undefined ? undefined : readProcess(child.pid)
  if (isUp && found) return { pid: found.pid, startTime: found.startTime }
  child.kill('SIGKILL')
  throw await startFailed(host, 'sshd', log)
}

/**
 * Kills the listener, and with `sessions` every session too, as if the host were lost. What the sessions had
 * started lives on, as it would behind a cut cable.
 * @throws HandoverError LAB_STOP_FAILED
 */
export async function stopSshd(host: LabHost, { sessions = false } = {}): Promise<void> {
  const listener = await listenerPid(host)
  const find = () => sshdProcesses(host).filter(one => sessions || one.pid === listener)
  const { left } = await endProcesses(find, { patienceMs: 0 })
  if (left.length === 0) return
  const pids = left.map(one => one.pid).join(', ')
  throw new HandoverError(fault('LAB_STOP_FAILED', `sshd of ${host.name} is still there: ${pids}`))
}

/** On the same port, with the same key. Sessions are cut. @throws HandoverError LAB_START_FAILED, LAB_STOP_FAILED */
export async function restartSshd(host: LabHost): Promise<ProcessId> {
  await stopSshd(host, { sessions: true })
  return startSshd(host)
}

/** The listener and its sessions. */
export function sshdProcesses(host: LabHost): LabProcess[] {
  return findProcesses({ root: host.root }).filter(isSshd)
}

async function listenerPid(host: LabHost): Promise<number> {
  return Number(
    (await readFile(join(host.root, 'run/sshd.pid'), 'utf8').catch(() => '')).trim() || Number.NaN,
  )
}

function sshdLog(host: LabHost): string {
  return join(host.root, 'var/log/sshd.log')
}
