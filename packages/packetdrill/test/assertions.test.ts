import { describe, expect, it } from 'vitest'
import { AssertionFailure, runCode } from '../src/assertions/evaluate.ts'
import type { Value } from '../src/assertions/values.ts'

/** Runs code with some names. @returns what it printed */
function run(code: string, names: Record<string, Value> = {}): string[] {
  const variables = new Map(Object.entries(names))
  const printed: string[] = []
  runCode(code, {
    lookup: (name) => variables.get(name),
    assign: (name, value) => variables.set(name, value),
    print: (line) => printed.push(line),
  })
  return printed
}

const value = (expression: string, names: Record<string, Value> = {}): string =>
  run(`print(${expression})`, names)[0]

describe('expressions', () => {
  it('calculate as Python does', () => {
    for (const [expression, result] of [
      ['1 + 2 * 3', '7'],
      ['(1 + 2) * 3', '9'],
      ['7 // 2', '3'],
      ['-7 // 2', '-4'],
      ['-7 % 3', '2'],
      ['7 / 2', '3.5'],
      ['2 ** 3 ** 2', '512'],
      ['-2 ** 2', '-4'],
      ['1 << 4 | 3 & 2 ^ 1', '19'],
      ['0x10 + 1e3', '1016'],
      ['~5', '-6'],
      ['0xffffffff & 0xff00', '65280'],
      ['abs(-3) + min(4, 2) + max([1, 9])', '14'],
      ['sum([1, 2, 3]) + len((1, 2))', '8'],
      ['int(3.9) + round(2.6)', '6'],
      ['"a" + \'b\'', 'ab'],
      ['"%d of %s" % (3, "x")', '3 of x'],
      ['"%.2f%%" % 1.5', '1.50%'],
      ['[1, "a", None]', "[1, 'a', None]"],
    ]) {
      expect(value(expression), expression).toBe(result)
    }
  })

  it('compare and combine as Python does', () => {
    for (const [expression, result] of [
      ['1 < 2 < 3', 'True'],
      ['1 < 3 < 2', 'False'],
      ['1 == 1.0 and 2 != 3', 'True'],
      ['2 in (1, 2)', 'True'],
      ['3 not in [1, 2]', 'True'],
      ['"b" in "abc"', 'True'],
      ['not 1 == 2', 'True'],
      ['0 or 5', '5'],
      ['0 and 5', '0'],
      ['True == 1', 'True'],
      ['None is None', 'True'],
      ['1 if 0 else 2', '2'],
      ['3 in range(2, 4)', 'True'],
      ['True or nonsense', 'True'],
      ['1 <> 2', 'True'],
    ]) {
      expect(value(expression), expression).toBe(result)
    }
  })

  it('know names', () => {
    expect(value('a * b', { a: 6, b: 7 })).toBe('42')
    expect(() => value('c')).toThrow("the name 'c' is not known")
    expect(() => value('eval("1")')).toThrow("the function 'eval' is not known")
  })

  it('reach nothing of JavaScript', () => {
    for (const code of ['constructor', 'this', 'process', '__proto__', 'globalThis', 'toString']) {
      expect(() => run(code)).toThrow(ReferenceError)
    }
    expect(() => run('a.b', { a: 1 })).toThrow(SyntaxError)
  })

  it('are refused where they end too early or too late', () => {
    expect(() => run('1 +')).toThrow('the line ends too early')
    expect(() => run('1 2')).toThrow("unexpected '2'")
    expect(() => run('(1')).toThrow('the line ends too early')
    expect(() => run('1 $ 2')).toThrow("cannot read '$ 2'")
    expect(() => run('1 / 0')).toThrow('division by zero')
    expect(() => run('"a" < 1')).toThrow('a is no number')
  })
})

describe('statements', () => {
  it('assert, with the message and the values that it was about', () => {
    run('assert 1 == 1, "fine"')
    try {
      run('assert a == 3 and abs(b) < 2, "a was %d" % a', { a: 2, b: 1 })
    } catch (error) {
      const failure = error as AssertionFailure
      expect(failure).toBeInstanceOf(AssertionFailure)
      expect(failure.message).toBe('a was 2')
      expect(failure.condition).toBe('a == 3 and abs(b) < 2')
      expect(Object.fromEntries(failure.values)).toEqual({ a: 2, b: 1 })
      return
    }
    throw new Error('the assertion was to fail')
  })

  it('stand on lines or behind semicolons, with comments and continued lines', () => {
    expect(
      run(
        '# c\na = 1; a += 2\nprint(a,\n  "x")\nprint a, 5\nprint\nimport socket\npass\nb = \\\n 4\nprint(b)',
      ),
    ).toEqual(['3 x', '3 5', '', '4'])
  })

  it('choose', () => {
    expect(run('if a > 1: print("more")\nelse: print("less")', { a: 2 })).toEqual(['more'])
    expect(run('if a > 1: print("more")\nelse: print("less")', { a: 0 })).toEqual(['less'])
    expect(run('if a > 1: assert 0', { a: 0 })).toEqual([])
  })
})
