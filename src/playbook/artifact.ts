/** The new binary on the controller. Whether a host can run it is for the host to find out. */
import { createHash } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { type FaultCode, fault, HandoverError } from '../core/fault.ts'
import type { Playbook } from './playbook.ts'

export interface Artifact {
  /** Absolute. */
  readonly path: string
  /** Lower case hex. */
  readonly sha256: string
  readonly bytes: number
}

/** @throws HandoverError ARTIFACT_MISSING, ARTIFACT_EMPTY, ARTIFACT_CHECKSUM. */
export async function readArtifact({ artifact }: Pick<Playbook, 'artifact'>): Promise<Artifact> {
  const { path, sha256: wanted } = artifact
  await requireFile(artifact)
  const { sha256, bytes } = await digest(artifact)
  if (bytes === 0) throw refusal(artifact, 'ARTIFACT_EMPTY', `the artifact ${path} is empty`)
  if (wanted !== null && wanted !== sha256) {
    const message = `the artifact ${path} is not the one that is pinned: its sha256 is ${sha256}`
    const hint = 'build or fetch it again, or correct sha256 if the change is wanted'
    throw new HandoverError(fault('ARTIFACT_CHECKSUM', message, { place: artifact.sha256Place, hint }))
  }
  return { path, sha256, bytes }
}

async function requireFile(artifact: Playbook['artifact']): Promise<void> {
  try {
    const found = await stat(artifact.path)
    // Opening a FIFO or a device would hang or never end.
    if (!found.isFile()) {
      const kind = found.isDirectory() ? 'a directory' : 'not a regular file'
      throw refusal(artifact, 'ARTIFACT_MISSING', `the artifact ${artifact.path} is ${kind}`)
    }
    await access(artifact.path, constants.R_OK)
  } catch (error) {
    throw unreadable(artifact, error)
  }
}

async function digest(artifact: Playbook['artifact']): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256')
  let bytes = 0
  try {
    for await (const chunk of createReadStream(artifact.path, { highWaterMark: 1024 * 1024 })) {
      hash.update(chunk as Buffer)
      bytes += (chunk as Buffer).length
    }
  } catch (error) {
    throw unreadable(artifact, error)
  }
  return { sha256: hash.digest('hex'), bytes }
}

function unreadable(artifact: Playbook['artifact'], error: unknown): HandoverError {
  if (error instanceof HandoverError) return error
  const reason = (error as NodeJS.ErrnoException).code ?? String(error)
  const problem = reason === 'ENOENT' || reason === 'ENOTDIR' ? 'does not exist' : `cannot be read: ${reason}`
  return refusal(artifact, 'ARTIFACT_MISSING', `the artifact ${artifact.path} ${problem}`)
}

function refusal({ pathPlace }: Playbook['artifact'], code: FaultCode, message: string): HandoverError {
  const hint = 'artifact.src names the new binary, relative to the playbook'
  return new HandoverError(fault(code, message, { place: pathPlace, hint }))
}
