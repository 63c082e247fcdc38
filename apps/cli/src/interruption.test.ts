import { describe, expect, test } from 'vitest'
import { Interruption } from './interruption.ts'

function interruptible() {
  const exits: number[] = []
  return { exits, interruption: new Interruption((status) => exits.push(status)) }
}

describe('an interruption', () => {
  test('a command that has nothing to finish ends at the first Ctrl-C', () => {
    const { interruption, exits } = interruptible()
    interruption.receive('SIGINT')

    expect(exits).toEqual([130])
  })

  test('a command that has something to finish is asked first, and ends at once the second time', () => {
    const { interruption, exits } = interruptible()
    let announced = 0
    interruption.finishFirst(() => announced++)

    interruption.receive('SIGTERM')
    expect(interruption.signal.aborted).toBe(true)
    expect(exits).toEqual([])

    interruption.receive('SIGINT')
    expect(exits).toEqual([130])
    expect(announced).toBe(1)
  })
})
