/** Long files of mistakes, and what multiplies: an answer comes soon, and it is short. */
import { expect, it } from 'vitest'
import { HandoverError } from '../../src/core/fault.ts'
import { playsIn } from '../../src/playbook/load.ts'
import { minimal } from './world.ts'

/** The messages of the faults, which come in time of the processor. */
function soon(text: string, limitMs: number): readonly string[] {
  const begin = process.cpuUsage()
  try {
    playsIn('f', text, { extraVars: {} })
    return []
  } catch (error) {
    if (!(error instanceof HandoverError)) throw error
    return error.faults.map(
      ({ code, message, place }) => `${code} ${place?.line}:${place?.column} ${message}`,
    )
  } finally {
    const { user, system } = process.cpuUsage(begin)
    expect((user + system) / 1000).toBeLessThan(limitMs)
  }
}

const lines = (count: number, line: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => line(n)).join('')

it('of very many unknown keys fifty are told, and how many more there are', () => {
  const told = soon(minimal + lines(16_000, n => `key${n}: 1\n`), 5000)
  expect(told).toHaveLength(51)
  expect(told[0]).toBe('PLAYBOOK_UNKNOWN_KEY 5:1 unknown key "key0"')
  expect(told[50]).toBe('PLAYBOOK_UNKNOWN_KEY 55:1 and 15950 more unknown keys')
})

it('a long mapping is no trouble', () => {
  expect(soon(`${minimal}vars:\n${lines(16_000, n => `  key${n}: a\n`)}`, 5000)).toEqual([])
})

it('very many aliases are refused', () => {
  const list = (count: number) =>
    `${minimal}x-a:\n${lines(count, n => `  - &a${n} x\n`)}x-b:\n${lines(count, n => `  - *a${n}\n`)}`
  expect(soon(list(20_000), 6000)).toEqual(['YAML_UNSAFE 21007:5 more than 1000 aliases (*name) in one file'])
  expect(soon(list(1000), 5000)).toEqual([])
})
