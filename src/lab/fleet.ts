/** Up and down: the lab as a whole. */
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import pLimit from 'p-limit'
import { type Fault, fault, faultsOf, HandoverError } from '../core/fault.ts'
import { describeHost, growTree, makeKey, writeConfig } from './host-tree.ts'
import { inventoryText, knownHostsText } from './inventory-file.ts'
import { bootId, type Lab, type LabHost, writeLab } from './lab.ts'
import { claimDirectory, openLab, removeLab } from './lab-directory.ts'
import { startNginx, stopNginx } from './nginx.ts'
import { findFreePorts } from './ports.ts'
import { readProcess } from './process.ts'
import { findSshd, sshdPeculiarities, startSshd, stopSshd } from './sshd.ts'

export interface LabOptions {
  /** Made when missing; must otherwise be empty, or hold a lab that is down. */
  readonly dir: string
  /** 1 to 200. */
  readonly hosts: number
  /** The nginx every host gets a copy of. */
  readonly binary: string
  /** The last host answers /healthz with 503 for the version of the variant `wrong-on-one-host`. */
  readonly quirkLast?: boolean
  /** nginx worker processes of each host; default 2. */
  readonly workers?: number
  /** Further lines for every sshd_config; they win over the lab's own. */
  readonly sshdLines?: readonly string[]
}

const mostHosts = 200
const startsAtOnce = 8
const portTries = 3

/**
 * Every host is up on return: sshd greets and nginx answers 200. When anything fails, everything is ended and
 * removed again.
 * @throws HandoverError LAB_OPTION_INVALID, LAB_DIRECTORY_NOT_EMPTY, LAB_ALREADY_UP, LAB_PROGRAM_MISSING,
 *   LAB_START_FAILED
 */
export async function startLab(options: LabOptions): Promise<Lab> {
  checkOptions(options)
  const sshd = await findSshd()
  const dir = await claimDirectory(options.dir)
  const lab = await describeLab(dir, options.hosts)
  try {
    await writeLab(lab)
    return await raise(lab, options, await sshdPeculiarities(sshd))
  } catch (error) {
    await removeLab(lab).catch(() => undefined)
    throw error
  }
}

/**
 * Ends the lab's own processes and nothing else, and removes its directory with all that is in it.
 * @throws HandoverError LAB_NOT_FOUND, LAB_STOP_FAILED
 */
export async function stopLab(dir: string): Promise<{ readonly ended: number }> {
  return removeLab(await openLab(dir))
}

async function raise(
  lab: Lab,
  { binary, workers = 2, quirkLast = false, sshdLines = [] }: LabOptions,
  peculiar: { lines: readonly string[]; usePam: boolean },
): Promise<Lab> {
  const clientKey = await makeKey(lab.clientKey)
  // All copies before the first start: a child that is being forked would hold a copy open for writing, and
  // executing it would then fail with "text file busy".
  const hostKeys = await Promise.all(lab.hosts.map(host => growTree(host, binary, clientKey)))
  const sshd = { ...peculiar, lines: [...sshdLines, ...peculiar.lines] }
  const user = process.getuid?.() === 0 ? { user: 'root' } : {}
  const limit = pLimit(startsAtOnce)
  const results = await Promise.allSettled(
    lab.hosts.map((host, index) =>
      limit(() => {
        const quirk = quirkLast && index === lab.hosts.length - 1
        return startHost(lab, host, ports => writeConfig(ports, { workers, quirk, ...user }, sshd))
      }),
    ),
  )
  const faults = results.flatMap(one => (one.status === 'rejected' ? faultsOf(one.reason) : []))
  if (faults.length > 0) throw new HandoverError(faults)
  const hosts = results.flatMap(one => (one.status === 'fulfilled' ? [one.value] : []))
  const up: Lab = { ...lab, state: 'up', hosts }
  await writeFile(up.knownHosts, knownHostsText(up, hostKeys))
  await writeFile(up.inventory, inventoryText(up))
  await writeLab(up)
  return up
}

/** With other ports when one was taken between being chosen and being used. */
async function startHost(
  lab: Lab,
  first: LabHost,
  configure: (host: LabHost) => Promise<void>,
): Promise<LabHost> {
  let faults: readonly Fault[] = []
  for (let attempt = 0, host = first; attempt < portTries; attempt++) {
    if (attempt > 0) {
      const [sshPort = 0, httpPort = 0] = await findFreePorts(2)
      host = describeHost({ labId: lab.id, dir: lab.dir, name: host.name, sshPort, httpPort })
    }
    await configure(host)
    try {
      const sshd = await startSshd(host)
      return { ...host, started: { sshd, nginx: await startNginx(host) } }
    } catch (error) {
      faults = faultsOf(error)
      await Promise.all([stopSshd(host), stopNginx(host)])
    }
  }
  throw new HandoverError(faults)
}

async function describeLab(dir: string, count: number): Promise<Lab> {
  const id = randomBytes(8).toString('hex')
  const ports = await findFreePorts(count * 2)
  const hosts = Array.from({ length: count }, (_, index) =>
    describeHost({
      labId: id,
      dir,
      name: `h${String(index + 1).padStart(2, '0')}`,
      sshPort: ports[index * 2] ?? 0,
      httpPort: ports[index * 2 + 1] ?? 0,
    }),
  )
  const self = readProcess(process.pid)
  return {
    id,
    dir,
    state: 'starting',
    boot: await bootId(),
    starter: { pid: process.pid, startTime: self?.startTime ?? 0 },
    user: userInfo().username,
    inventory: join(dir, 'inventory.yml'),
    knownHosts: join(dir, 'known_hosts'),
    clientKey: join(dir, 'keys/client'),
    hosts,
  }
}

function checkOptions({ dir, hosts, workers = 2, sshdLines = [] }: LabOptions): void {
  const problems: string[] = []
  if (!Number.isInteger(hosts) || hosts < 1 || hosts > mostHosts)
    problems.push(`hosts must be 1 to ${mostHosts}`)
  if (!Number.isInteger(workers) || workers < 1 || workers > 64) problems.push('workers must be 1 to 64')
  if (/[\s"'\\$;#%{}*?[\]]/.test(resolve(dir)))
    problems.push(`the path ${dir} has characters a lab cannot live with`)
  if (sshdLines.some(line => /[\r\n]/.test(line))) problems.push('an sshd line must be one line')
  if (problems.length > 0) throw new HandoverError(problems.map(text => fault('LAB_OPTION_INVALID', text)))
}
