/** What the lab's hosts answer at this moment. */
import type { Lab, LabHost } from './lab.ts'
import { openLab } from './lab-directory.ts'
import { hostProcesses } from './nginx.ts'
import { type LabProcess, listProcesses } from './process.ts'
import { askHttp, readBanner } from './waiting.ts'

export interface LabHostStatus {
  readonly name: string
  readonly sshPort: number
  readonly httpPort: number
  /** Whether sshd greets. */
  readonly ssh: boolean
  /** The status of `/`; undefined when nothing answers. */
  readonly http?: number
  /** The nginx version that answered. */
  readonly version?: string
  /** nginx processes. */
  readonly masters: number
  readonly workers: number
}

/** @throws HandoverError LAB_NOT_FOUND */
export async function labStatus(dir: string): Promise<{ lab: Lab; hosts: LabHostStatus[] }> {
  const lab = await openLab(dir)
  const processes = listProcesses()
  return { lab, hosts: await Promise.all(lab.hosts.map(host => hostStatus(host, processes))) }
}

async function hostStatus(host: LabHost, processes: LabProcess[]): Promise<LabHostStatus> {
  const { name, sshPort, httpPort } = host
  const [banner, answer] = await Promise.all([readBanner(sshPort), askHttp(`http://127.0.0.1:${httpPort}/`)])
  const isOurs = answer?.headers['x-lab'] === `${host.labId}/${name}`
  const titles = hostProcesses(host, processes).map(one => one.title)
  const version = isOurs ? / nginx\/(\S+)/.exec(answer.body)?.[1] : undefined
  return {
    name,
    sshPort,
    httpPort,
    ssh: banner !== undefined,
    masters: titles.filter(title => title.startsWith('nginx: master process')).length,
    workers: titles.filter(title => title.startsWith('nginx: worker process')).length,
    ...(isOurs ? { http: answer.status } : {}),
    ...(version === undefined ? {} : { version }),
  }
}
