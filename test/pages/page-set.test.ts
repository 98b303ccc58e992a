import test from 'ava'
import fc from 'fast-check'
import { PageSet } from '../../src/pages/page-set.js'

const pages = fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 300 })

test('a set of pages behaves as a Set of numbers', (t) => {
  fc.assert(
    fc.property(pages, pages, (added, removed) => {
      const set = new PageSet()
      const model = new Set<number>()
      for (const page of added) {
        set.add(page)
        model.add(page)
      }
      for (const page of removed) if (set.delete(page) !== model.delete(page)) return false
      const expanded = [...set.ranges()].flatMap(([start, count]) => Array.from({ length: count }, (_, index) => start + index))
      return set.size === model.size && JSON.stringify(expanded) === JSON.stringify([...model].sort((a, b) => a - b))
    }),
  )
  t.pass()
})

test('the lowest page comes first', (t) => {
  fc.assert(
    fc.property(pages, (added) => {
      const set = new PageSet()
      for (const page of added) if (page > 0) set.add(page)
      const taken: number[] = []
      for (let page = set.takeLowest(); page !== 0; page = set.takeLowest()) taken.push(page)
      return taken.every((page, index) => index === 0 || page > (taken[index - 1] as number)) && set.size === 0
    }),
  )
  t.pass()
})

test('a run is consecutive, free, and inside one aligned block of 64 pages', (t) => {
  fc.assert(
    fc.property(pages, fc.integer({ min: 1, max: 64 }), (added, count) => {
      const set = new PageSet()
      for (const page of added) for (let next = page; next < page + 20; next++) if (next > 0) set.add(next)
      const before = set.clone()
      const start = set.takeRun(count)
      if (start === 0) return set.size === before.size
      for (let page = start; page < start + count; page++) if (!before.has(page) || set.has(page)) return false
      return Math.floor(start / 64) === Math.floor((start + count - 1) / 64) && set.size === before.size - count
    }),
  )
  t.pass()
})
