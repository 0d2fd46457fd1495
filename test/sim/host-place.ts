/** The file at the path. After src/host/place.sh: always exactly the old or exactly the new binary (invariant 2). */
import { type Hand, recordOf } from './host-lock.ts'

/** What comes out must be the old one; anything else is put back. */
export function putNew(hand: Hand): boolean {
  const { host } = hand
  const record = recordOf(hand)
  const { path, beside } = host.disk.now.names
  if (!record || path !== record.oldBinary || beside !== record.newBinary) return false
  host.setPath(beside, path)
  host.witness.exchanged(hand)
  return true
}

/** Somebody else's file is not ours to take away. */
export function putOld(hand: Hand): boolean {
  const { host } = hand
  const record = recordOf(hand)
  const { path, beside } = host.disk.now.names
  if (!record) return false
  if (path === record.oldBinary) return true
  if (path !== record.newBinary || beside !== record.oldBinary) return false
  host.setPath(beside, path)
  host.witness.exchanged(hand)
  return true
}

/** False when the path holds neither the old nor the new one, or the old one is gone. */
export function knowsSides(hand: Hand): boolean {
  const record = recordOf(hand)
  const { path, beside } = hand.host.disk.now.names
  if (!record) return false
  if (path === record.oldBinary) return true
  return path === record.newBinary && beside === record.oldBinary
}
