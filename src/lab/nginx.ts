/** The nginx of one host. */
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fault, HandoverError } from '../core/fault.ts'
import { clip } from '../core/text.ts'
import { runCommand } from './command.ts'
import { endProcesses } from './ending.ts'
import type { LabHost } from './lab.ts'
import { type LabProcess, listProcesses, type ProcessId, readProcess } from './process.ts'
import { askHttp, waitUntil } from './waiting.ts'

/** The master's argv: absolute, because an upgrade executes argv[0] literally (nginx-facts.md, R17). */
function nginxArgv(host: LabHost): string[] {
  return [host.binary, '-c', host.config, '-p', `${host.root}/`, '-e', host.errorLog]
}

/**
 * Returns when the host answers HTTP and its pid file names the master.
 * @throws HandoverError LAB_START_FAILED, with the end of the error log
 */
export async function startNginx(host: LabHost): Promise<ProcessId> {
  const [file = host.binary, ...args] = nginxArgv(host)
  const begun = await runCommand(file, args, { cwd: host.root, env: daemonEnvironment(host) })
  let master: ProcessId | undefined
  const answers = async () => {
    const pid = Number((await readFile(host.pidFile, 'utf8').catch(() => '')).trim())
    const found = pid > 0 ? readProcess(pid) : undefined
    if (found?.exe !== host.binary) return false
    master = { pid: found.pid, startTime: found.startTime }
    return await isAnswering(host)
  }
  if (begun.code === 0 && (await waitUntil(answers, { deadlineMs: 10_000 })) && master) return master
  throw await startFailed(host, 'nginx', host.errorLog, begun.stderr)
}

/** Ends every process that runs this host's nginx, of whatever version. @throws HandoverError LAB_STOP_FAILED */
export async function stopNginx(host: LabHost): Promise<void> {
  const { left } = await endProcesses(() => hostProcesses(host))
  if (left.length === 0) return
  const pids = left.map(one => one.pid).join(', ')
  throw new HandoverError(fault('LAB_STOP_FAILED', `nginx of ${host.name} is still there: ${pids}`))
}

/** The host's nginx processes, masters and workers, recognised by the file they run (even if it was replaced). */
export function hostProcesses(host: LabHost, all = listProcesses()): LabProcess[] {
  return all.filter(one => one.exe.startsWith(`${host.root}/`))
}

/** The header proves that it is this host of this lab, not another that was given the port. */
async function isAnswering(host: LabHost): Promise<boolean> {
  const answer = await askHttp(`http://127.0.0.1:${host.httpPort}/`)
  return answer?.status === 200 && answer.headers['x-lab'] === `${host.labId}/${host.name}`
}

/** Nothing of the caller's environment but PATH, and the mark that tells the lab's processes. */
export function daemonEnvironment(host: LabHost): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin',
    HANDOVER_LAB: host.labId,
    HANDOVER_LAB_HOST: host.name,
  }
}

export async function startFailed(
  host: LabHost,
  daemon: string,
  log: string,
  said = '',
): Promise<HandoverError> {
  const text = `${said}\n${await readFile(log, 'utf8').catch(() => '')}`
  const tail = text.trim().split('\n').slice(-3).join(' | ')
  const message = `${daemon} of ${host.name} did not come up: ${clip(tail, 600) || 'it left no message'}`
  return new HandoverError(
    fault('LAB_START_FAILED', message, { host: host.name, hint: `see ${dirname(log)}` }),
  )
}
