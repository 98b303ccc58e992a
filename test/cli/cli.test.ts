/**
 * The command line as its users meet it: processes, pipes, exit codes, one line for an error.
 */
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { open } from '../../structures/index.js'
import { folder } from '../folder.js'
import { run, start } from './command-line.js'

const CITIES = [
  { id: 3, name: 'Berlin', country: 'DE', population: 3426354 },
  { id: 1, name: 'Austin', country: 'US', population: 931830 },
  { id: 2, name: 'Aachen', country: 'DE', population: 265208 },
]
const NDJSON = CITIES.map((city) => `${JSON.stringify(city)}\n`).join('')

/** A folder with a store of three cities by number, loaded through standard input. */
async function cities(t: ExecutionContext): Promise<string> {
  const cwd = folder(t)
  const loaded = await run(['load', 'c.hold', '--key', 'id'], cwd, NDJSON)
  t.deepEqual(loaded, { ...loaded, code: 0, out: '3 entries loaded\n', err: '' })
  return cwd
}

/** One line, said once, without a stack. */
function isOneLine(t: ExecutionContext, text: string): void {
  t.regex(text, /^holdfast: [^\n]+\n$/)
}

test('load, get, count and scan', async (t) => {
  const cwd = await cities(t)
  t.is((await run(['count', 'c.hold'], cwd)).out, '3\n')
  t.deepEqual(JSON.parse((await run(['get', 'c.hold', '3'], cwd)).out), CITIES[0])
  t.is((await run(['scan', 'c.hold', '--keys'], cwd)).out, '1\n2\n3\n')
  t.is((await run(['scan', 'c.hold', '--keys', '--reverse', '--limit', '2'], cwd)).out, '3\n2\n')
  t.is((await run(['scan', 'c.hold', '--keys', '--gt', '1', '--lt', '3'], cwd)).out, '2\n')
  t.is((await run(['count', 'c.hold', '--gte', '2', '--lte', '9'], cwd)).out, '2\n')
  const lines = (await run(['scan', 'c.hold', '--json', '--limit', '1'], cwd)).out
  t.deepEqual(JSON.parse(lines), { key: 1, value: CITIES[1] })
})

test('formats', async (t) => {
  const cwd = folder(t)
  await run(['put', 's.hold', 'a|b', 'x,"y"\n', '--value', 'string'], cwd)
  const scan = async (format: string) => (await run(['scan', 's.hold', '--format', format], cwd)).out
  t.is(await scan('plain'), 'a|b\tx,"y"\n\n')
  t.is(await scan('csv'), 'key,value\na|b,"x,""y""\n"\n')
  t.is(await scan('markdown'), '| key | value |\n| --- | --- |\n| a\\|b | x,"y"<br> |\n')
  t.deepEqual(JSON.parse(await scan('json')), [{ key: 'a|b', value: 'x,"y"\n' }])
  t.is(await scan('jsonl'), '{"key":"a|b","value":"x,\\"y\\"\\n"}\n')
  t.regex(await scan('box'), /│ a\|b │ x,"y"\\n │/)
})

test('CSV, a file, several fields as the key, prefixes', async (t) => {
  const cwd = folder(t)
  writeFileSync(join(cwd, 'c.csv'), '\ufeffcountry,name,note\nDE,Berlin,"a, b"\nDE,Aachen,007\nUS,Austin,\n')
  t.is((await run(['load', 'c.hold', 'c.csv', '--key', 'country,name', '--tree', 'by-name', '--value', 'msgpack'], cwd)).code, 0)
  t.is((await run(['scan', 'c.hold', '--prefix', '["DE"]', '--keys'], cwd)).out, '["DE","Aachen"]\n["DE","Berlin"]\n')
  const found = await run(['get', 'c.hold', '["DE","Berlin"]'], cwd)
  t.deepEqual(JSON.parse(found.out), { country: 'DE', name: 'Berlin', note: 'a, b' })
  const missing = await run(['load', 'c.hold', 'c.csv'], cwd)
  t.is(missing.code, 2)
  isOneLine(t, missing.err)
})

test('a number of a CSV file can be a number key', async (t) => {
  const cwd = folder(t)
  t.is((await run(['load', 'n.hold', '--input-format', 'csv', '--key', 'id', '--key-encoding', 'number'], cwd, 'id\n10\n9\n')).code, 0)
  t.is((await run(['scan', 'n.hold', '--keys'], cwd)).out, '9\n10\n')
})

test('put, get and delete', async (t) => {
  const cwd = folder(t)
  t.is((await run(['put', 'u.hold', 'ann', '{"age":31}'], cwd)).code, 0)
  t.is((await run(['get', 'u.hold', 'ann'], cwd)).out, '{"age":31}\n')
  t.is((await run(['put', 'u.hold', 'bob', '-'], cwd, '[1,2]')).code, 0)
  t.is((await run(['get', 'u.hold', 'bob'], cwd)).out, '[1,2]\n')
  t.is((await run(['delete', 'u.hold', 'ann'], cwd)).code, 0)
  for (const command of ['get', 'delete']) {
    const missing = await run([command, 'u.hold', 'ann'], cwd)
    t.is(missing.code, 1)
    t.is(missing.out, '')
    isOneLine(t, missing.err)
  }
})

test('a range is deleted only with --yes', async (t) => {
  const cwd = await cities(t)
  const refused = await run(['delete', 'c.hold', '--gte', '2'], cwd)
  t.is(refused.code, 2)
  t.is(refused.err, 'holdfast: this would delete 2 entries; add --yes to do it\n')
  t.is((await run(['count', 'c.hold'], cwd)).out, '3\n')
  t.is((await run(['delete', 'c.hold', '--gte', '2', '--yes'], cwd)).out, '2 entries deleted\n')
  t.is((await run(['scan', 'c.hold', '--keys'], cwd)).out, '1\n')
})

test('bytes go in and out unchanged', async (t) => {
  const cwd = folder(t)
  const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 31) & 255)
  t.is((await run(['put', 'b.hold', 'blob', '--value', 'binary'], cwd, bytes)).code, 0)
  t.true((await run(['get', 'b.hold', 'blob'], cwd)).bytes.equals(bytes))
})

test('dump is what load takes back, whatever is in it', async (t) => {
  const cwd = folder(t)
  const store = open(join(cwd, 'a.hold'))
  const strings = store.tree('strings', { key: 'string', value: 'string' })
  const binaries = store.tree('binaries', { key: 'binary', value: 'binary' })
  const packed = store.tree('packed', { key: 'tuple', value: 'msgpack' })
  const numbers = store.tree('numbers', { key: 'number', value: 'json' })
  store.write(() => {
    for (const text of ['', 'ä\u0000\n', '😀', '{"tree":"x","key":"string","value":"json"}']) strings.put(text, text)
    for (const bytes of [[], [0], [255, 0, 10]]) binaries.put(Uint8Array.from(bytes), Uint8Array.from([...bytes, 1]))
    packed.put([null, true, -0.5, 'x', Uint8Array.of(0, 255), [Number.POSITIVE_INFINITY]], new Date(5))
    packed.put(['set'], { a: new Set([1]) })
    packed.put(['looks packed'], { $msgpack: 'AA==' })
    packed.put(['parts'], [Uint8Array.of(1), Number.NaN, 2n ** 63n, undefined])
    packed.put(['plain'], { a: [1, { b: null }] })
    numbers.put(Number.NEGATIVE_INFINITY, { $bytes: 'AA==' })
    numbers.put(-0.1, null)
  })
  await store.close()
  const dumped = await run(['dump', 'a.hold'], cwd)
  t.is(dumped.code, 0)
  t.is((await run(['load', 'b.hold'], cwd, dumped.out)).code, 0)
  t.is((await run(['dump', 'b.hold'], cwd)).out, dumped.out)
  const copy = open(join(cwd, 'b.hold'), { readOnly: true })
  const original = open(join(cwd, 'a.hold'), { readOnly: true })
  t.is(copy.structures().length, 4)
  for (const { name } of original.structures()) t.deepEqual([...copy.tree(name).entries()], [...original.tree(name).entries()], name)
  await copy.close()
  await original.close()
})

test('a mistake in the input names its line and keeps what came before', async (t) => {
  const cwd = folder(t)
  const broken = await run(['load', 'x.hold', '--key', 'id'], cwd, '{"id":1}\n{"id":2}\n{"id":"three"}\n')
  t.is(broken.code, 2)
  t.regex(broken.err, /^holdfast: line 3: .*\(2 entries before it were loaded\)\n$/)
  t.is((await run(['count', 'x.hold'], cwd)).out, '2\n')
  const noJson = await run(['load', 'x.hold', '--key', 'id'], cwd, '{"id":5}\n{"id":\n')
  t.is(noJson.code, 2)
  t.regex(noJson.err, /^holdfast: line 2 is not JSON/)
  t.is((await run(['count', 'x.hold'], cwd)).out, '3\n')
  const noText = await run(['load', 'x.hold', '--key', 'id'], cwd, Uint8Array.of(0xff, 10))
  t.is(noText.code, 2)
  isOneLine(t, noText.err)
})

test('reading creates nothing', async (t) => {
  const cwd = folder(t)
  for (const args of [
    ['get', 'n.hold', 'k'],
    ['scan', 'n.hold'],
    ['count', 'n.hold'],
    ['dump', 'n.hold'],
    ['stat', 'n.hold'],
    ['check', 'n.hold'],
    ['delete', 'n.hold', 'k'],
  ]) {
    const outcome = await run(args, cwd)
    t.is(outcome.code, 3, args.join(' '))
    t.is(outcome.out, '')
    isOneLine(t, outcome.err)
  }
  t.false(existsSync(join(cwd, 'n.hold')))
})

test('foreign and damaged files end with a message', async (t) => {
  const cwd = await cities(t)
  writeFileSync(join(cwd, 'foreign.hold'), 'no store at all '.repeat(2000))
  for (const command of ['scan', 'check', 'stat']) {
    const outcome = await run([command, 'foreign.hold'], cwd)
    t.is(outcome.code, 3, command)
    isOneLine(t, outcome.err)
  }
  t.is((await run(['check', 'c.hold'], cwd)).code, 0)
  const path = join(cwd, 'c.hold')
  const bytes = readFileSync(path)
  const at = bytes.indexOf('Aachen')
  bytes[at] = 0x42
  writeFileSync(path, bytes)
  const found = await run(['check', 'c.hold'], cwd)
  t.true(found.code === 1 || found.code === 3, `exit code ${found.code}`)
  isOneLine(t, found.err)
  truncateSync(path, 5000)
  t.is((await run(['check', 'c.hold'], cwd)).code, 3)
})

test('wrong use is exit code 2 and one line', async (t) => {
  const cwd = await cities(t)
  await run(['put', 'c.hold', 'k', '1', '--tree', 'second'], cwd)
  const wrong = [
    ['nonsense'],
    ['d', 'c.hold'],
    ['get', 'c.hold'],
    ['get', 'c.hold', '1', 'more'],
    ['get', 'c.hold', '1', '--nonsense'],
    ['get', 'c.hold', '1'],
    ['get', 'c.hold', 'one', '--tree', 'main'],
    ['scan', 'c.hold', '--tree', 'main', '--limit', '-1'],
    ['scan', 'c.hold', '--tree', 'main', '--format', 'xml'],
    ['scan', 'c.hold', '--tree', 'main', '--prefix', '1'],
    ['put', 'c.hold', 'k', '{', '--tree', 'second'],
    ['put', 'c.hold', 'k', '1', '--tree', 'second', '--value', 'msgpack'],
    ['delete', 'c.hold', '--tree', 'main'],
    ['delete', 'c.hold', '1', '--gt', '0', '--tree', 'main'],
  ]
  for (const args of wrong) {
    const outcome = await run(args, cwd)
    t.is(outcome.code, 2, args.join(' '))
    t.is(outcome.out, '')
    isOneLine(t, outcome.err)
  }
  t.is((await run(['scan', 'c.hold', '--tree', 'third'], cwd)).code, 3)
})

test('help is enough to learn it', async (t) => {
  const cwd = folder(t)
  const help = await run(['--help'], cwd)
  t.is(help.code, 0)
  for (const word of ['load', 'get', 'put', 'delete', 'scan', 'count', 'dump', 'stat', 'check', 'Exit codes', 'Examples'])
    t.true(help.out.includes(word), word)
  t.is((await run([], cwd)).out, help.out)
  const scan = await run(['sc', '--help'], cwd)
  t.is(scan.code, 0)
  for (const word of [
    '--gt',
    '--gte',
    '--lt',
    '--lte',
    '--prefix',
    '--reverse',
    '--limit',
    '--keys',
    '--values',
    '--json',
    '--format',
    'Examples',
  ])
    t.true(scan.out.includes(word), word)
})

test('a reader that leaves a pipe early is no error', async (t) => {
  const cwd = folder(t)
  const input = Array.from({ length: 50_000 }, (_, id) => `{"id":${id},"text":"${'x'.repeat(60)}"}\n`).join('')
  t.is((await run(['load', 'p.hold', '--key', 'id'], cwd, input)).code, 0)
  for (const command of ['scan', 'dump']) {
    const child = start([command, 'p.hold'], cwd)
    let err = ''
    child.stderr?.on('data', (chunk) => {
      err += chunk
    })
    child.stdout?.once('data', () => child.stdout?.destroy())
    const code = await new Promise((resolve) => child.once('close', resolve))
    t.is(code, 0, command)
    t.is(err, '')
  }
})

test('stat and check as JSON', async (t) => {
  const cwd = await cities(t)
  const figures = JSON.parse((await run(['stat', 'c.hold', '--json'], cwd)).out)
  t.like(figures, { pageSize: 4096, structures: [{ name: 'main', count: 3, options: { key: 'number', value: 'json' } }] })
  t.like(JSON.parse((await run(['check', 'c.hold', '--json'], cwd)).out), { ok: true, errors: [], leakedPages: 0 })
  t.regex((await run(['stat', 'c.hold'], cwd)).out, /^main\t3\tnumber\tjson$/m)
})

test('a store that another process writes can be read meanwhile', async (t) => {
  const cwd = await cities(t)
  const store = open(join(cwd, 'c.hold'))
  const main = store.tree<'number', 'json', unknown>('main')
  await main.put(4, 'new')
  t.is((await run(['get', 'c.hold', '4'], cwd)).out, '"new"\n')
  t.is((await run(['count', 'c.hold'], cwd)).out, '4\n')
  await store.close()
})
