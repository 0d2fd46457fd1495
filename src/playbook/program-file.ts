/**
 * Is the artifact a program that a kernel can start at all? Looked at before any host is contacted, because a shell
 * that is handed a file the kernel refuses would run it as a script.
 */
import { open } from 'node:fs/promises'
import { fault, HandoverError } from '../core/fault.ts'
import type { Playbook } from './playbook.ts'

/** e_machine of the ELF header (System V ABI) and what `uname -m` calls such a machine. */
const machines: Readonly<Record<number, string>> = {
  3: 'i386',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x86_64',
  183: 'aarch64',
  243: 'riscv64',
  258: 'loongarch64',
}

const headBytes = 4096
const loadable = 1

/**
 * The machine the artifact is built for, in the words of `uname -m`.
 * @throws HandoverError ARTIFACT_NOT_A_PROGRAM.
 */
export async function readMachine({ artifact }: Pick<Playbook, 'artifact'>): Promise<string> {
  const handle = await open(artifact.path, 'r')
  try {
    const head = Buffer.alloc(headBytes)
    const { bytesRead } = await handle.read(head, 0, headBytes, 0)
    const { size } = await handle.stat()
    const found = examine(head.subarray(0, bytesRead), size)
    if (typeof found === 'string') return found
    throw new HandoverError(
      fault('ARTIFACT_NOT_A_PROGRAM', `the artifact ${artifact.path} ${found.why}`, {
        place: artifact.pathPlace,
        hint: 'the daemon starts the file itself, so it must be a complete ELF program, not a script or a package',
      }),
    )
  } finally {
    await handle.close()
  }
}

function examine(head: Buffer, size: number): string | { readonly why: string } {
  if (head.length < 64 || head.readUInt32BE(0) !== 0x7f454c46) return { why: 'is no ELF program' }
  const wide = head[4] === 2
  const little = head[5] === 1
  if ((head[4] !== 1 && !wide) || (head[5] !== 2 && !little)) return { why: 'has a damaged ELF header' }
  const u16 = (at: number) => (little ? head.readUInt16LE(at) : head.readUInt16BE(at))
  const u32 = (at: number) => (little ? head.readUInt32LE(at) : head.readUInt32BE(at))
  const word = (at: number) =>
    wide ? Number(little ? head.readBigUInt64LE(at) : head.readBigUInt64BE(at)) : u32(at)
  const type = u16(16)
  if (type !== 2 && type !== 3) return { why: 'is an ELF file, but no program' }
  const machine = machines[u16(18)]
  if (!machine) return { why: `is built for a machine handover does not know (e_machine ${u16(18)})` }
  const table = word(wide ? 32 : 28)
  const entrySize = u16(wide ? 54 : 42)
  const entries = u16(wide ? 56 : 44)
  let loads = 0
  for (let index = 0; index < entries; index++) {
    const at = table + index * entrySize
    if (at + entrySize > head.length) return { why: 'is truncated: its program headers are not all there' }
    if (u32(at) !== loadable) continue
    loads++
    const end = word(at + (wide ? 8 : 4)) + word(at + (wide ? 32 : 16))
    if (end > size) return { why: `is truncated: ${end} bytes are needed, ${size} are there` }
  }
  return loads > 0 ? machine : { why: 'is an ELF file with nothing to load' }
}

/** Can a machine of this kind (`uname -m`) start a program built for that one? */
export function canRun(host: string, machine: string): boolean {
  const same = host === machine || (machine === 'i386' && /^(i\d86|x86_64)$/.test(host))
  return (
    same || (machine === 'arm' && /^(arm|aarch64)/.test(host)) || (machine === 'ppc64' && host === 'ppc64le')
  )
}
