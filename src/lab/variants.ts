/** Bad binaries, and harmless other ones, made from a good nginx. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fault, HandoverError } from '../core/fault.ts'
import type { LabBinary } from './packages.ts'

export const variantKinds = [
  /** Exits with 1 at once, whatever it is asked (so `-v` and `-t` fail too). */
  'dies-at-start',
  /** Passes `-v` and `-t`, but does not take over the listening sockets and dies of that after 2.5 s. */
  'dies-after-tests',
  /** The kernel answers "Exec format error": right magic, then rubbish. */
  'cannot-be-executed',
  /** A whole nginx marked as being for another processor. */
  'wrong-architecture',
  /** Runs and serves, but its status page has another text. */
  'serves-wrongly',
  /** Right everywhere but on a host with the lab's quirk, which answers /healthz with 503 for this version. */
  'wrong-on-one-host',
  /** The same program with another checksum. */
  'other-version',
  /** Never gets as far as initialising. */
  'hangs-at-start',
] as const

export type VariantKind = (typeof variantKinds)[number]

export interface Variant {
  readonly kind: VariantKind
  readonly path: string
  /** What it calls itself; undefined when it cannot say. */
  readonly version?: string
}

/** A version with this last digit is the one a host with the quirk cannot bear; see `nginxConfig`. */
export const quirkDigit = '9'

/**
 * Writes `<dir>/nginx-<kind>`, mode 0755.
 * @throws HandoverError LAB_VARIANT_IMPOSSIBLE when the text to be changed is not in the binary
 */
export async function buildVariant(kind: VariantKind, good: LabBinary, dir: string): Promise<Variant> {
  const path = join(dir, `nginx-${kind}`)
  const made = makers[kind](await readFile(good.path), good.version)
  await mkdir(dir, { recursive: true })
  await writeFile(path, await made.bytes)
  await chmod(path, 0o755)
  return made.version === undefined ? { kind, path } : { kind, path, version: made.version }
}

interface Made {
  readonly bytes: Buffer | Promise<Buffer>
  readonly version?: string
}

const makers: Record<VariantKind, (nginx: Buffer, version: string) => Made> = {
  'dies-at-start': () => ({ bytes: readFile('/bin/false') }),
  // Inherited sockets are announced in the variable NGINX; this one looks for another name.
  'dies-after-tests': (nginx, version) => ({ bytes: patch(nginx, '\0NGINX\0', '\0NGINY\0'), version }),
  'cannot-be-executed': nginx => ({
    bytes: Buffer.concat([nginx.subarray(0, 16), Buffer.alloc(4096, 0xa5)]),
  }),
  'wrong-architecture': nginx => ({ bytes: forOtherMachine(nginx) }),
  'serves-wrongly': (nginx, version) => ({
    bytes: patch(nginx, 'Active connections', 'Broken connections'),
    version,
  }),
  'wrong-on-one-host': (nginx, version) => {
    const quirk = quirkVersion(version)
    return { bytes: patch(nginx, version, quirk), version: quirk }
  },
  'other-version': (nginx, version) => ({ bytes: Buffer.concat([nginx, Buffer.from('x')]), version }),
  'hangs-at-start': () => ({ bytes: Buffer.from('#!/bin/sh\nexec sleep 300\n') }),
}

/** Replaces every occurrence at equal length, so that no offset in the file moves. */
function patch(bytes: Buffer, from: string, to: string): Buffer {
  const result = Buffer.from(bytes)
  let count = 0
  for (let at = result.indexOf(from); at !== -1; at = result.indexOf(from, at + from.length)) {
    count += result.write(to, at, 'latin1') === from.length ? 1 : 0
  }
  if (count === 0) throw impossible(`the text ${JSON.stringify(from)} is not in this nginx`)
  return result
}

/** S390: a machine whose real binaries are big-endian, so no emulator registered with the kernel claims this file. */
function forOtherMachine(nginx: Buffer): Buffer {
  const result = Buffer.from(nginx)
  result.writeUInt16LE(22, 18)
  return result
}

function quirkVersion(version: string): string {
  if (version.endsWith(quirkDigit)) throw impossible(`version ${version} already ends with ${quirkDigit}`)
  return version.slice(0, -1) + quirkDigit
}

function impossible(message: string): HandoverError {
  return new HandoverError(fault('LAB_VARIANT_IMPOSSIBLE', message))
}
