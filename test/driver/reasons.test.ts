import { describe, expect, test } from 'vitest'
import { failure, knownReasons, knownRemarks, refusal, remark } from '../../src/driver/reasons.ts'

describe('words for codes', () => {
  test.each([...knownReasons])('%s: one sentence that is no code, lower case, no full stop', code => {
    for (const one of [refusal('h01', code, 'DETAIL'), failure('SWITCH_FAILED', 'h01', code)]) {
      expect(one.host).toBe('h01')
      if (one.message !== code) expect(one.message).toMatch(/^([^A-Z]|DETAIL).*[^.]$|^DETAIL$/)
      expect(one.hint ?? 'none').toMatch(/^[^A-Z].*[^.]$/)
    }
    // One of the two knows it.
    const said = [refusal('h01', code, 'DETAIL'), failure('SWITCH_FAILED', 'h01', code)]
    expect(said.some(one => !one.message.startsWith(code))).toBe(true)
  })

  test.each([...knownRemarks])('%s: a note is one sentence, lower case, no full stop', code => {
    expect(remark(code, 'DETAIL')).toMatch(/^([^A-Z]|DETAIL).*[^.]$/)
  })

  test('a note of a newer program is shown as it is', () => {
    expect(remark('NEW_THING', 'x')).toBe('NEW_THING (x)')
    expect(remark('constructor', '')).toBe('constructor')
  })

  test('a code of a newer program is shown as it is, with its detail', () => {
    expect(refusal('h01', 'NEW_THING', 'x')).toMatchObject({ code: 'HOST_UNFIT', message: 'NEW_THING (x)' })
    expect(failure('COMMIT_HELD', 'h01', 'NEW_THING')).toMatchObject({
      code: 'COMMIT_HELD',
      message: 'NEW_THING',
    })
  })

  test('a refusal in a later phase has words too', () => {
    expect(refusal('h01', 'WRONG_PHASE', 'committed').message).toBe(
      'the host is not in the phase this request belongs to (committed)',
    )
  })

  test('what was seen and what the daemon logged come after what it means', () => {
    const one = failure('SWITCH_FAILED', 'h01', 'WORKERS_MISSING', {
      detail: '0 of 4 workers',
      log: '[emerg] x',
      hint: 'y',
    })
    expect(one).toEqual({
      code: 'SWITCH_FAILED',
      host: 'h01',
      message: 'the new master does not have its workers; 0 of 4 workers; it logged: [emerg] x',
      hint: 'y',
    })
  })

  test.each([
    ['LOCKED', 'HOST_LOCKED'],
    ['RUN_UNFINISHED', 'HOST_RUN_UNFINISHED'],
    ['WRONG_ARCHITECTURE', 'ARTIFACT_REFUSED'],
    ['CONFIGURATION_REFUSED', 'ARTIFACT_REFUSED'],
    ['DISK_FULL', 'HOST_UNFIT'],
    ['__proto__', 'HOST_UNFIT'],
    ['constructor', 'HOST_UNFIT'],
  ])('%s is reported as %s', (code, reported) => {
    expect(refusal('h01', code, '').code).toBe(reported)
  })
})
