/**
 * Who leads a run: `controller-1`, `controller-2`, ... beside the journal, each made by one process and never changed. The
 * highest one leads; the others write nothing any more.
 */
import { randomBytes } from 'node:crypto'
import { constants, existsSync, readdirSync, readFileSync } from 'node:fs'
import { copyFile, link, open, unlink } from 'node:fs/promises'
import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import { fault, HandoverError } from '../core/fault.ts'
import { machineIdentity, type ProcessTrace, processIdentity } from './process-identity.ts'
import { syncDirectory } from './run-directory.ts'

export interface Controller extends ProcessTrace {
  /** 1 for the first one of a run; hosts refuse those with a lower number than they have seen. */
  readonly epoch: number
  readonly who: string
  /** Name of the machine. */
  readonly from: string
  /** UTC, ISO 8601. */
  readonly at: string
}

/** 0 when there is no such file: nobody has led the run yet. */
export function highestEpoch(dir: string): number {
  const epochs = readdirSync(dir).map(name => Number(/^controller-([1-9]\d{0,8})$/.exec(name)?.[1] ?? 0))
  return Math.max(0, ...epochs)
}

/** Undefined when it is not there or is not what it should be. */
export function readController(dir: string, epoch: number): Controller | undefined {
  try {
    const value = JSON.parse(readFileSync(fileOf(dir, epoch), 'utf8')) as Controller
    const texts = [value.identity, value.from, value.who, value.machine]
    return Number.isInteger(value.pid) && texts.every(text => typeof text === 'string')
      ? { ...value, epoch }
      : undefined
  } catch {
    return undefined
  }
}

/**
 * Becomes that controller of the run. Of several that try, one does.
 * @throws HandoverError RUN_ACTIVE for those who come second, JOURNAL_FAILED.
 */
export async function claimController(dir: string, run: string, epoch: number): Promise<Controller> {
  const controller: Controller = {
    epoch,
    pid: process.pid,
    identity: processIdentity(process.pid) ?? '',
    machine: machineIdentity(),
    who: userInfo().username,
    from: hostname(),
    at: new Date().toISOString(),
  }
  const file = fileOf(dir, epoch)
  const own = `${file}.${randomBytes(4).toString('hex')}.tmp`
  try {
    const handle = await open(own, 'wx', 0o600)
    await handle.writeFile(`${JSON.stringify(controller)}\n`)
    await handle.sync()
    await handle.close()
    // The name appears with its content: a crash in between leaves no controller that nobody can tell anything of.
    await link(own, file).catch(error => withoutLinks(error, own, file))
    await unlink(own)
    await syncDirectory(dir)
  } catch (error) {
    await unlink(own).catch(() => {})
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw lostRace(run)
    throw new HandoverError(
      fault('JOURNAL_FAILED', `cannot become controller of run ${run}: ${(error as Error).message}`, {
        place: { file },
        hint: 'check the disk and the permissions of the run directory',
      }),
    )
  }
  return controller
}

/** What the journal asks before it writes: does a later controller lead the run? No descriptor is needed for it. */
export function takenOver(dir: string, run: string, epoch: number): HandoverError | undefined {
  if (!existsSync(fileOf(dir, epoch + 1))) return undefined
  const { who, from } = readController(dir, epoch + 1) ?? { who: 'somebody', from: 'another place' }
  return new HandoverError(
    fault(
      'RUN_TAKEN_OVER',
      `run ${run} was taken over by ${who} on ${from}; this controller writes nothing more`,
      {
        hint: `\`handover show ${run}\` tells how it stands`,
      },
    ),
  )
}

async function withoutLinks(error: NodeJS.ErrnoException, from: string, to: string): Promise<void> {
  if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK'].includes(error.code ?? '')) throw error
  await copyFile(from, to, constants.COPYFILE_EXCL)
}

function lostRace(run: string): HandoverError {
  return new HandoverError(
    fault('RUN_ACTIVE', `somebody else has just taken run ${run} over`, {
      hint: `\`handover show ${run}\` tells how it stands`,
    }),
  )
}

function fileOf(dir: string, epoch: number): string {
  return join(dir, `controller-${epoch}`)
}
