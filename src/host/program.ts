/**
 * The program that runs on a host, put together from the shell files beside this one, and the one line that starts it.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { shellQuote } from '../core/shell-quote.ts'

const parts = [
  'prelude',
  'process',
  'place',
  'records',
  'lock',
  'fence',
  'lease',
  'deadman',
  'settle',
  'inspect',
  'argv',
  'preflight',
  'unit',
  'sockets',
  'dump',
  'config',
  'resources',
  'facts',
  'prepare',
  'build',
  'phase',
  'switch',
  'hold',
  'commit',
  'revert',
  'back',
  'reverse',
  'stand',
  'main',
]
const blockBytes = 4096
let cached: Buffer | undefined

/** The whole program, comments and indentation left out, padded with newlines to whole blocks of 4096 bytes. */
export function hostProgram(): Buffer {
  if (!cached) {
    const text = `${parts.map(readPart).join('')}\n`
    const bytes = Buffer.from(text)
    cached = Buffer.alloc(Math.ceil(bytes.length / blockBytes) * blockBytes, '\n')
    bytes.copy(cached)
  }
  return cached
}

function readPart(name: string): string {
  return readFileSync(join(import.meta.dirname, `${name}.sh`), 'utf8')
    .replace(/^[ \t]+/gm, '')
    .replace(/^(#.*)?\n/gm, '')
}

/**
 * The command for a login shell of any kind (no quote inside the quotes, nothing that csh or fish expand).
 * It takes exactly the program's bytes from stdin, so that not one byte of the first request is read ahead;
 * where dd has no `fullblock` it reads byte by byte.
 */
export function bootCommand(become: boolean): string {
  const size = hostProgram().length
  const blocks = size / blockBytes
  const read = `dd bs=${blockBytes} count=${blocks} iflag=fullblock 2>/dev/null`
  return privileged(become, `p=$(${read}) || p=$(dd bs=1 count=${size} 2>/dev/null); eval "$p"`)
}

/** Receives a file on stdin into the artifact store of the host. `name` holds nothing that a shell expands. */
export function uploadCommand(
  become: boolean,
  stateDir: string | null,
  { name, bytes }: { readonly name: string; readonly bytes: number },
): string {
  const base = stateDir ? `b=${shellQuote(stateDir)}` : uploadBase
  // A sender that dies ends the stream like one that is done: only the size tells them apart.
  const script = [
    `${base}; umask 077; [ -d "$b/artifacts" ] || mkdir -p "$b/artifacts"; f="$b/artifacts/${name}"`,
    `cat > "$f.$$" && [ "$(wc -c < "$f.$$")" -eq ${bytes} ] && mv "$f.$$" "$f" || { rm -f "$f.$$"; exit 1; }`,
  ].join('; ')
  return privileged(become, script)
}

const uploadBase =
  'b=/var/lib/handover; [ "$(id -u)" = 0 ] || b="${XDG_STATE_HOME:-$HOME/.local/state}/handover"'

function privileged(become: boolean, script: string): string {
  return `exec ${become ? 'sudo -n -- ' : ''}sh -c ${shellQuote(script)}`
}
