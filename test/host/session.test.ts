import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { field } from '../../src/host/frame.ts'
import { bootCommand, hostProgram, uploadCommand } from '../../src/host/program.ts'
import { type HostSession, openSession } from '../../src/host/session.ts'
import type { Channel, ChannelEnd, Connection } from '../../src/transport/connection.ts'
import { connectLocally, shells } from './local-connection.ts'
import { onHost, shown } from './world.ts'

interface Fake {
  readonly connection: Connection
  /** What was written so far, without the program. */
  written(): string
  say(text: string | Buffer): void
  end(end: ChannelEnd): void
  isClosed(): boolean
}

/** A host whose every byte the test chooses. */
function fakeHost(): Fake {
  let listener: (chunk: Buffer) => void = () => {}
  let settle: (end: ChannelEnd) => void = () => {}
  let written = Buffer.alloc(0)
  let isClosed = false
  const channel: Channel = {
    closed: new Promise(resolve => {
      settle = resolve
    }),
    write: async data => {
      written = Buffer.concat([written, Buffer.from(data)])
    },
    end() {},
    onData: next => {
      listener = next
    },
    close() {},
  }
  const connection = {
    endpoint: { name: 'fake' },
    exec: async () => channel,
    upload: async () => ({ code: 1, stderrTail: 'No space left on device\n' }),
    isOpen: () => !isClosed,
    close: async () => {
      isClosed = true
    },
  } as unknown as Connection
  return {
    connection,
    written: () => written.subarray(hostProgram().length).toString(),
    say: text => listener(Buffer.from(text)),
    end: end => settle(end),
    isClosed: () => isClosed,
  }
}

const nonces = (host: Fake) => [...host.written().matchAll(/^([0-9a-f]{32}) /gm)].map(match => match[1] ?? '')
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no fault',
    error => `${error.faults[0].code}: ${error.faults[0].message}`,
  )

describe('a host of whatever manners', () => {
  test('noise before and between answers, in any pieces', async () => {
    const host = fakeHost()
    const session = await openSession(host.connection, false)
    const asked = session.request('look', [], 1000)
    const [nonce] = nonces(host)
    host.say(`\u001b[1mWelcome\n${'banner '.repeat(10_000)}\n${'e'.repeat(120_000)}`)
    for (const letter of `no line break here: @${nonce} ok a=%20b\n`) host.say(letter)
    expect(field(await asked, 'a')).toBe(' b')
    const again = session.request('look', [], 1000)
    host.say(Buffer.from([0xff, 0xfe, 0x0a]))
    host.say(`@${nonces(host)[1]} failed code=X\n`)
    expect(shown(await again)).toBe('failed X')
  })

  test('300 kB that are no answers end it', async () => {
    const host = fakeHost()
    const session = await openSession(host.connection, false)
    const asked = codeOf(session.request('look', [], 1000))
    host.say(`${'x'.repeat(99)}\n`.repeat(3000))
    expect(await asked).toMatch(/^HOST_NOISE/)
    expect(host.isClosed()).toBe(true)
    expect(await codeOf(session.request('look', [], 1000))).toMatch(/^HOST_NOISE/)
  })

  test('a line without end ends it, with bounded memory', async () => {
    const host = fakeHost()
    const session = await openSession(host.connection, false)
    const asked = codeOf(session.request('look', [], 1000))
    for (let at = 0; at < 300; at++) host.say('x'.repeat(1024))
    expect(await asked).toMatch(/^HOST_NOISE/)
  })

  test('answers under a guessed nonce are noise, and too many of them a flood', async () => {
    const host = fakeHost()
    const session = await openSession(host.connection, false)
    const asked = session.request('look', [], 2000)
    host.say(`@${'0'.repeat(32)} ok a=fake\n`)
    host.say(`@${nonces(host)[0]} ok a=real\n`)
    expect(field(await asked, 'a')).toBe('real')
    const next = codeOf(session.request('look', [], 2000))
    host.say(`@${'0'.repeat(32)} ok a=fake\n`.repeat(8000))
    expect(await next).toMatch(/^HOST_NOISE/)
  })

  test('an answer given twice counts once, and one after its deadline not at all', async () => {
    const host = fakeHost()
    const session = await openSession(host.connection, false)
    const late = codeOf(session.request('look', [], 20))
    expect(await late).toMatch(/^HOST_SILENT: no answer to "look"/)
    const asked = session.request('look', [], 1000)
    const [first, second] = nonces(host)
    host.say(`@${first} ok a=late\n@${second} ok a=1\n@${second} ok a=2\n`)
    expect(field(await asked, 'a')).toBe('1')
    expect(session.isOpen()).toBe(true)
  })

  test.each<[string, boolean, ChannelEnd, string]>([
    [
      '127 at once',
      false,
      { code: 127, stderrTail: 'sh: not found\n' },
      'HOST_PROGRAM_FAILED: sh: not found',
    ],
    [
      'sudo that refuses',
      true,
      { code: 1, stderrTail: 'sudo: a password is required' },
      'BECOME_FAILED: sudo: a pass',
    ],
    ['a lost connection', true, { stderrTail: '' }, 'HOST_LOST: the connection was lost'],
  ])('a program that ends early: %s', async (_, become, end, text) => {
    const host = fakeHost()
    const session = await openSession(host.connection, become)
    const asked = [session.request('inspect', [], 1000), session.request('look', [], 1000)].map(codeOf)
    host.end(end)
    for (const one of await Promise.all(asked)) expect(one).toContain(text)
    expect(session.isOpen()).toBe(false)
  })

  test('a program that ends after its first answer was there: its outcome is unknown', async () => {
    const host = fakeHost()
    const session = await openSession(host.connection, false)
    const hello = session.request('inspect', [], 1000)
    host.say(`@${nonces(host)[0]} ok\n`)
    await hello
    host.end({ code: 2, stderrTail: 'sh: out of memory' })
    await new Promise(setImmediate)
    expect(await codeOf(session.request('look', [], 1000))).toBe(
      'HOST_LOST: the program on the host ended with exit code 2: sh: out of memory',
    )
  })

  test('an upload that fails says what the host said', async () => {
    const session = await openSession(fakeHost().connection, false)
    expect(await codeOf(session.upload('/nowhere', 'a'.repeat(64), null))).toBe(
      'UPLOAD_FAILED: the artifact could not be uploaded: No space left on device',
    )
  })
})

describe.each(shells)('the program in %s', shell => {
  const withSession = async (work: (session: HostSession, stderr: () => string) => Promise<void>) => {
    const connection = connectLocally({ shell })
    const session = await openSession(connection, false)
    try {
      await work(session, connection.stderr)
    } finally {
      await session.close()
    }
  }
  const bind = (session: HostSession) =>
    session.request('inspect', ['r', 'o', '/bin/true', '/nonexistent/pid', '/nonexistent/a/b', 'sha'], 5000)

  test('arguments arrive as they were given', async () => {
    const words = [
      'a b',
      "it's",
      '"',
      '$(echo owned)',
      '`id`',
      '\\',
      '*',
      '',
      '-n',
      '~',
      '\u00e9\u{1f600}',
      'x=%s\t',
    ]
    await withSession(async session => {
      await bind(session)
      const answer = await session.request('check', ['5', 'printf', '<%s>', ...words], 5000)
      expect(field(answer, 'output')).toBe(words.map(word => `<${word}>`).join(''))
      expect(field(answer, 'exit')).toBe('0')
      await expect(session.request('check', ['5', 'echo', 'a\nb'], 5000)).rejects.toThrow(RangeError)
    })
  })

  test('requests overlap, verbs that are unknown or come too early are refused, and it ends at good-bye', async () => {
    await withSession(async (session, stderr) => {
      expect(shown(await session.request('switch', ['1'], 5000))).toBe('refused UNKNOWN_VERB')
      expect(field(await session.request('revert', ['1'], 5000), 'state')).toBe('untouched')
      await bind(session)
      const order: string[] = []
      const slow = session.request('check', ['5', 'sleep', '0.4'], 5000).then(() => order.push('slow'))
      const quick = session.request('check', ['5', 'true'], 5000).then(() => order.push('quick'))
      await Promise.all([slow, quick])
      expect(order).toEqual(['quick', 'slow'])
      expect(shown(await session.request('rm -rf', [], 5000))).toBe('refused UNKNOWN_VERB')
      expect(stderr()).toBe('')
    })
  })

  test('a check is bounded in time and output, and its signals are its own again', async () => {
    await withSession(async session => {
      await bind(session)
      const hung = await session.request('check', ['1', 'sleep', '20'], 5000)
      expect(field(hung, 'exit')).toBe('137')
      const loud = await session.request(
        'check',
        ['5', 'sh', '-c', 'yes | head -c 3000000; echo end; exit 3'],
        5000,
      )
      expect(field(loud, 'exit')).toBe('3')
      expect(field(loud, 'output')).toMatch(/^[\sy]{900,1000}end\n$/)
      const pipe = await session.request('check', ['5', 'grep', 'SigIgn', '/proc/self/status'], 5000)
      expect(Number.parseInt(field(pipe, 'output').split('\t')[1] ?? '', 16) & 0x1007).toBe(0)
    })
  })

  test('a revert on a host that was only looked at is answered, and changes nothing', async () => {
    await onHost({}, async world => {
      const program = await world.open('run1', { shell })
      expect(shown(await program.inspect())).toBe('ok')
      const back = await program.revert()
      expect([shown(back), field(back, 'state')]).toEqual(['ok', 'untouched'])
      expect(shown(await program.renew())).toBe('failed WRONG_PHASE')
    })
  })
})

test('many checks leave no zombies behind', async () => {
  const connection = connectLocally()
  const session = await openSession(connection, false)
  await session.request('inspect', ['r', 'o', '/bin/true', '/nonexistent/pid', '', 'sha'], 5000)
  for (let at = 0; at < 60; at++) await session.request('check', ['5', 'true'], 5000)
  const count = await session.request('check', ['5', 'sh', '-c', zombiesOf(connection.pid())], 5000)
  expect(Number(field(count, 'output'))).toBeLessThan(20)
  await session.close()
})

const zombiesOf = (pid: number) => `cat /proc/[0-9]*/stat 2>/dev/null | grep -c ') Z ${pid} '`

describe('the boot and upload commands', () => {
  test.each(['sh', 'bash', 'dash'])('%s as login shell', async shell => {
    expect(bootCommand(false)).not.toMatch(/[!\\\n]/)
    const connection = connectLocally({ shell: shell === 'bash' ? 'bash' : 'dash' })
    const session = await openSession(connection, false)
    await session.request('inspect', ['r', 'o', '/bin/true', '/nonexistent/pid', '', 'sha'], 5000)
    await session.close()
  })

  test('an artifact gets its name only when it is whole', async () => {
    const dir = await mkdtemp('/tmp/handover-upload-')
    const file = join(dir, 'artifact')
    writeFileSync(file, 'x'.repeat(100_000))
    const store = join(dir, "it's a store")
    const session = await openSession(connectLocally(), false)
    await session.upload(file, 'a'.repeat(64), store)
    expect(readdirSync(join(store, 'artifacts'))).toEqual(['a'.repeat(64)])
    expect(readFileSync(join(store, 'artifacts', 'a'.repeat(64))).length).toBe(100_000)
    // A sender that dies half-way leaves nothing behind.
    const command = uploadCommand(false, store, { name: 'b'.repeat(64), bytes: 100_001 })
    expect((await connectLocally().upload(command, file)).code).toBe(1)
    expect(readdirSync(join(store, 'artifacts'))).toEqual(['a'.repeat(64)])
    expect(uploadCommand(true, null, { name: 'a'.repeat(64), bytes: 1 })).toMatch(/^exec sudo -n -- sh -c '/)
    await session.close()
    await rm(dir, { recursive: true })
  })
})
