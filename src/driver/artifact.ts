/** Does what a host shall get fit what it is? */
import type { Fault } from '../core/fault.ts'
import { type Answer, field } from '../host/frame.ts'
import type { ArtifactRef, Inspection } from './hands.ts'
import { refusal } from './reasons.ts'

/** What speaks against it at the first look. */
export function misfits(host: string, artifact: ArtifactRef, hello: Answer, found: Inspection): Fault[] {
  const faults: Fault[] = []
  const arch = field(hello, 'arch')
  // A host that is refused at once has not come to what it is.
  if (arch === '') return faults
  if (!artifact.runsOn(arch)) faults.push(refusal(host, 'WRONG_ARCHITECTURE', arch))
  const { version, sha256 } = found.onDisk
  if (sha256 === artifact.sha256) return faults
  // A host where the binary cannot be read has said so itself.
  if (artifact.replaces !== undefined && sha256 !== '' && sha256 !== artifact.replaces) {
    faults.push(refusal(host, 'CHANGED_SINCE_RUN', `${version} (${sha256.slice(0, 12)})`))
  }
  if (artifact.path === null && field(hello, 'have_artifact') === 'no') {
    faults.push(refusal(host, 'BACKUP_MISSING', artifact.sha256))
  }
  return faults
}

/** Why it could not be prepared. Where nothing was sent, what is damaged is the backup. */
export function unprepared(host: string, artifact: ArtifactRef, answer: Answer): Fault {
  const code = field(answer, 'code')
  return artifact.path === null && code === 'ARTIFACT_DAMAGED'
    ? refusal(host, 'BACKUP_DAMAGED', artifact.sha256)
    : refusal(host, code, field(answer, 'detail'))
}
