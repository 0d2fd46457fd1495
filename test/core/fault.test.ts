import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { catalogue } from '../../src/core/catalogue/index.ts'
import { exitCode, exitCodeOf } from '../../src/core/exit-code.ts'
import { type Fault, type FaultCode, fault, faultsOf, HandoverError } from '../../src/core/fault.ts'

const codes = Object.keys(catalogue) as FaultCode[]
const folder = join(import.meta.dirname, '../../src/core/catalogue')
const published = new Set<number>(Object.values(exitCode))

describe('the catalogue', () => {
  test.each(codes)('%s is documented and leads to a published exit code', code => {
    const { about, exit } = catalogue[code]
    expect(code).toMatch(/^[A-Z]+(?:_[A-Z0-9]+)*$/)
    expect(about).toMatch(/^[A-Z].*\.$/s)
    expect(published).toContain(exit)
    expect(exit).not.toBe(0)
  })

  test('no code is written twice, and none is lost on the way to the index', () => {
    const written = readdirSync(folder)
      .filter(file => file !== 'index.ts' && file !== 'entry.ts')
      .flatMap(file => [...readFileSync(join(folder, file), 'utf8').matchAll(/^ {2}([A-Z][A-Z0-9_]*): \{/gm)])
      .map(match => match[1])
    expect([...written].sort()).toEqual([...codes].sort())
  })
})

/** A fault that leads to an exit code; areas are filled by and by, so any code of that exit will do. */
function faultWithExit(exit: number): Fault | undefined {
  const code = codes.find(one => catalogue[one].exit === exit)
  return code && fault(code, 'x')
}

describe('several faults at once', () => {
  const [invalid, unexpected] = [faultWithExit(4), faultWithExit(1)] as [Fault, Fault]
  test('none is unexpected', () => expect(exitCodeOf([])).toBe(1))
  test('the first counts', () => {
    expect(exitCodeOf([invalid, unexpected])).toBe(4)
    expect(exitCodeOf([unexpected, invalid])).toBe(1)
  })
  const [human, locked, refused] = [3, 7, 6].map(faultWithExit)
  test.skipIf(!human || !locked || !refused)('3 wins over everything, 7 over 6', () => {
    const [h, l, r] = [human, locked, refused] as [Fault, Fault, Fault]
    expect(exitCodeOf([invalid, r, l, h])).toBe(3)
    expect(exitCodeOf([r, l, invalid])).toBe(7)
    expect(exitCodeOf([r, invalid])).toBe(6)
  })
})

describe('HandoverError', () => {
  test('carries one fault or several', () => {
    expect(new HandoverError(fault('FILE_UNREADABLE', 'a')).faults).toHaveLength(1)
    const both = new HandoverError([fault('FILE_UNREADABLE', 'a'), fault('YAML_SYNTAX', 'b')])
    expect(both.message).toBe('FILE_UNREADABLE: a\nYAML_SYNTAX: b')
    expect(faultsOf(both)).toBe(both.faults)
  })
  test.each([[new TypeError('boom')], ['boom'], [undefined], [null], [{ code: 'boom' }]])(
    'what nobody foresaw becomes UNEXPECTED: %s',
    thrown => expect(faultsOf(thrown)[0]?.code).toBe('UNEXPECTED'),
  )
})
