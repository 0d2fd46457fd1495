/** The plays of a playbook, each as a document of its own whose places are still those of the file. */
import { isSeq, type Node } from 'yaml'
import { type Fault, fault, HandoverError } from '../core/fault.ts'
import { placeOf, type SourceDocument } from '../document/document.ts'

/** @throws HandoverError PLAYBOOK_TYPE when something in it is no play, or nothing is. */
export function playsOf(document: SourceDocument): SourceDocument[] {
  const { data, root } = document
  if (!Array.isArray(data)) {
    if (isMapping(data)) return [document]
    throw refusal(document, data === null ? 'the playbook is empty' : notPlays)
  }
  if (data.length === 0) throw refusal(document, 'the playbook is an empty list')
  const items = isSeq(root) ? root.items : []
  const plays = data.map((play: unknown, at) => ({
    ...document,
    data: play,
    root: (items[at] ?? root) as Node,
  }))
  const faults = plays.flatMap(play => notPlay(play))
  if (faults.length > 0) throw new HandoverError(faults)
  return plays
}

const notPlays = 'the playbook must be a mapping of keys such as name and hosts, or a list of such plays'

function notPlay(play: SourceDocument): readonly Fault[] {
  if (!isMapping(play.data))
    return refusal(play, 'a play must be a mapping of keys such as name and hosts').faults
  if (!Object.hasOwn(play.data as object, 'import_playbook')) return []
  const more = {
    place: placeOf(play, ['import_playbook'], 'key'),
    hint: 'write the plays of that file into this list',
  }
  return [fault('PLAYBOOK_UNKNOWN_KEY', 'playbooks cannot be imported', more)]
}

function refusal(document: SourceDocument, message: string): HandoverError {
  const more: Partial<Fault> = { place: placeOf(document, []), hint }
  return new HandoverError(fault('PLAYBOOK_TYPE', message, more))
}

const hint = '`handover init` writes a first playbook'

function isMapping(data: unknown): boolean {
  return typeof data === 'object' && data !== null && !Array.isArray(data)
}
