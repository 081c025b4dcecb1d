import { readFileSync } from 'node:fs'
import t from 'tap'
import { decodeFile, formatDecoded } from '../../lib/cli/decode.ts'
import { nodeDigests } from '../../lib/crypto.ts'
import {
  encodeLsa,
  encodePacket,
  pcapHeader,
  pcapRecord,
  sealCryptographic,
  sealSimple,
} from '../../lib/wire/index.ts'

const header = { routerId: 0x01010101, areaId: 0 }
const hello = {
  kind: 'hello',
  networkMask: 0xffffff00,
  helloInterval: 10,
  options: 2,
  priority: 1,
  deadInterval: 40,
  designatedRouter: 0,
  backupDesignatedRouter: 0,
  neighbors: [0x02020202],
} as const

/** A file with packets from 10.0.0.1, 10.0.0.2 and so on. */
function fileOf(...packets: readonly Uint8Array[]): Uint8Array {
  const records = packets.map((bytes, i) =>
    pcapRecord({ time: 1000 * i, source: 0x0a000001 + i, destination: 0xe0000005, ttl: 1, bytes }),
  )
  return Buffer.concat([pcapHeader(), ...records])
}

t.test('every packet of the captures is accepted', async (t) => {
  for (const name of ['frr-bird-broadcast-adjacency', 'areas', 'frr-speaker-broadcast-change']) {
    const packets = [...decodeFile(readFileSync(`fixtures/packets/${name}.pcap`))]
    t.ok(packets.length > 10, `${name}: ${packets.length} packets`)
    t.strictSame(
      packets.filter(({ verdict }) => verdict !== 'accepted').map(formatDecoded),
      [],
      name,
    )
    const parts = packets.flatMap((packet) => packet.parts)
    t.ok(
      parts.some((part) => / links$/.test(part)),
      'router-LSAs among them',
    )
  }
})

t.test('what would be dropped, and why', async (t) => {
  const good = encodePacket(header, hello)
  const changed = (at: number, value: number): Uint8Array => {
    const bytes = good.slice()
    bytes[at] = value
    return bytes
  }
  const verdicts = [
    ...decodeFile(
      fileOf(
        good,
        changed(0, 3),
        changed(1, 9),
        changed(12, 1),
        good.subarray(0, 10),
        changed(14, 7),
      ),
    ),
  ].map(({ verdict }) => verdict.split(' (')[0])
  t.strictSame(verdicts, [
    'accepted',
    'dropped: version',
    'dropped: checksum',
    'dropped: checksum',
    'dropped: runt',
    'dropped: auth-type',
  ])
  const differing = encodePacket(header, { ...hello, helloInterval: 1, options: 0 })
  const [, second] = [...decodeFile(fileOf(good, differing))]
  t.match(second!.remarks, [/HelloInterval differs/, /E-bit or N-bit differs/])
  t.match(
    formatDecoded(second!),
    /^2 {2}1970-01-01 00:00:01\.000 {2}10\.0\.0\.2 > 224\.0\.0\.5 {2}Hello of 1\.1\.1\.1.*: accepted\n {4}hears 2\.2\.2\.2\n {4}! hello-mismatch/,
  )
})

t.test('LSAs by themselves', async (t) => {
  const capture = readFileSync('fixtures/packets/frr-bird-broadcast-adjacency.pcap')
  const update = [...decodeFile(capture)].find(({ what }) => what.startsWith('Link State Update'))!
  t.match(update.parts[0], /^type \d .* accepted/)
  const id = { type: 1, lsId: 0x01010101, advertisingRouter: 0x01010101 }
  const network = { kind: 'network', mask: 0xffffff00, attachedRouters: [1, 2] } as const
  const lsa = encodeLsa({ age: 0, options: 2, sequence: 1, ...id, type: 2 }, network)
  const old = encodeLsa({ age: 4000, options: 2, sequence: 1, ...id, type: 2 }, network)
  const damaged = { header: lsa.header, raw: lsa.raw.with(22, 99) }
  const lsas = [lsa, damaged, old]
  const [packet] = [...decodeFile(fileOf(encodePacket(header, { kind: 'ls-update', lsas })))]
  t.equal(packet!.verdict, 'accepted but for 2 LSAs')
  t.match(packet!.parts, [/: accepted$/, /: dropped: lsa-checksum$/, /: dropped: lsa-age$/])
})

t.test('seals', async (t) => {
  const plain = encodePacket(header, hello)
  const key = { id: 7, algorithm: 'md5', key: new TextEncoder().encode('s3cret') } as const
  const sealed = sealCryptographic(
    plain,
    key,
    { sequence: 5n, extended: false, source: 0x0a000001 },
    nodeDigests,
  )
  const password = sealSimple(plain, new TextEncoder().encode('word'))
  const file = fileOf(sealed, password)
  const of = (...keys: string[]): string[] =>
    [...decodeFile(file, { keys })].map(({ verdict, remarks }) => `${verdict} ${remarks.join()}`)
  t.match(of(), [
    /^accepted key 7, sequence number 5: not checked/,
    /^accepted a password: not checked/,
  ])
  t.match(of('7:md5:s3cret', 'word'), [
    /^accepted .*digest is right/,
    /^accepted .*password is right/,
  ])
  t.match(of('7:md5:other', 'other'), [/^dropped: auth-digest/, /^dropped: auth-key/])
  t.match(of('8:md5:s3cret'), [/^dropped: auth-key/])
  t.throws(() => of('7:md4:x'), { name: 'UsageError', message: /hmac-sha-256/ })
})

t.test('what is no capture', async (t) => {
  const refused = (bytes: Uint8Array, message: RegExp): void =>
    void t.throws(() => [...decodeFile(bytes)], { name: 'RangeError', message })
  refused(new Uint8Array(3), /too short/)
  refused(new Uint8Array(30), /no pcap file/)
  refused(Uint8Array.from([0x0a, 0x0d, 0x0d, 0x0a, ...new Uint8Array(30)]), /pcapng/)
  const whole = fileOf(encodePacket(header, hello), encodePacket(header, hello))
  for (let end = 24; end < whole.length; end++) {
    t.ok([...decodeFile(whole.subarray(0, end))].length <= 1)
  }
})
