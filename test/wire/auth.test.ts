/**
 * Seals of packets against vectors that fixtures/auth/make-vectors.py made from the RFCs, with nothing of this library;
 * then everything that a seal can have wrong.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { nodeDigests } from '../../lib/crypto.ts'
import {
  AuType,
  type AuthAlgorithm,
  type AuthKey,
  authAlgorithms,
  checkSeal,
  checkSimple,
  hashOf,
  readSeal,
  sealCryptographic,
  sealOctets,
  sealSimple,
} from '../../lib/wire/auth.ts'
import { decodePacket, decodePacketHeader, verifyChecksum } from '../../lib/wire/packet.ts'
import { fromHex, toHex } from './codec.ts'

interface Vector {
  readonly packet: string
  readonly body: string
  readonly auType: 1 | 2 | 3
  readonly algorithm?: AuthAlgorithm
  readonly keyId?: number
  readonly key: string
  readonly sequence?: string
  readonly source?: string
  readonly sealed: string
}

const vectors = JSON.parse(
  readFileSync(join(process.cwd(), 'fixtures', 'auth', 'vectors.json'), 'utf8'),
) as Vector[]
const cryptographic = vectors.filter((v) => v.auType > 1)
const anywhere = 0xc0000221

const keyOf = ({ keyId = 0, algorithm = 'md5', key }: Vector): AuthKey => ({
  id: keyId,
  algorithm,
  key: fromHex(key),
})

const sourceOf = ({ source }: Vector): number =>
  source === undefined ? anywhere : Number(`0x${source}`)

function seal(vector: Vector, change: Partial<AuthKey & { source: number }> = {}): Uint8Array {
  const { packet, auType, sequence = '0' } = vector
  const details = {
    extended: auType === 3,
    sequence: BigInt(sequence),
    source: change.source ?? sourceOf(vector),
  }
  return sealCryptographic(fromHex(packet), { ...keyOf(vector), ...change }, details, nodeDigests)
}

/** What a receiver makes of the bytes. */
function verdict(bytes: Uint8Array, key: AuthKey, source = anywhere): string {
  const found = readSeal(bytes, decodePacketHeader(bytes))
  return found === undefined ? 'no seal' : checkSeal(bytes, found, key, source, nodeDigests)
}

const title = ({ body, auType, algorithm, key }: Vector): string =>
  `${body}, AuType ${auType} ${algorithm ?? 'password'}, key of ${key.length / 2} octets`

t.test('there is a vector for every type and algorithm', async (t) => {
  t.equal(vectors.filter((v) => v.auType === 1).length, 10)
  for (const algorithm of authAlgorithms) {
    for (const auType of algorithm === 'md5' ? [2] : [2, 3]) {
      const of = cryptographic.filter((v) => v.algorithm === algorithm && v.auType === auType)
      t.ok(of.length >= 8, `${algorithm} ${auType}: ${of.length}`)
    }
  }
})

for (const vector of vectors) {
  t.test(title(vector), async (t) => {
    const expected = fromHex(vector.sealed)
    const header = decodePacketHeader(expected)
    t.equal(header.auType, vector.auType)
    const key = fromHex(vector.key)
    if (vector.auType === 1) {
      t.equal(toHex(sealSimple(fromHex(vector.packet), key)), vector.sealed)
      t.ok(verifyChecksum(expected, header.length))
      t.ok(checkSimple(header, key))
      t.notOk(checkSimple(header, Uint8Array.of(...key, 1).subarray(-8)), 'another password')
      return
    }
    t.equal(toHex(seal(vector)), vector.sealed)
    t.equal(verdict(expected, keyOf(vector)), 'good')
    t.match(readSeal(expected, header), {
      keyId: vector.keyId,
      sequence: BigInt(vector.sequence ?? ''),
      extended: vector.auType === 3,
    })
    t.equal(header.checksum, 0)
    t.equal(decodePacket(expected).body.kind, vector.body, 'the body is not touched')
    const added = expected.length - header.length
    t.equal(added, sealOctets(vector.algorithm ?? 'md5', vector.auType === 3))
  })
}

t.test('every truncation of a sealed packet is noticed', async (t) => {
  for (const vector of cryptographic) {
    const bytes = fromHex(vector.sealed)
    const { length } = decodePacketHeader(bytes)
    const said = new Set<string>()
    for (let end = length; end < bytes.length; end++) {
      said.add(verdict(bytes.subarray(0, end), keyOf(vector)))
    }
    t.same([...said], vector.auType === 3 ? ['no seal', 'length'] : ['length'], title(vector))
  }
})

t.test('a digest length that is not the algorithm’s: 0, one off, 255', async (t) => {
  for (const vector of cryptographic) {
    const octets = sealOctets(vector.algorithm ?? 'md5', false)
    for (const wrong of [0, 15, 17, octets - 1, octets + 1, 255]) {
      const bytes = fromHex(vector.sealed)
      bytes[19] = wrong
      t.equal(verdict(bytes, keyOf(vector)), 'length', `${title(vector)}: ${wrong}`)
    }
  }
})

t.test('every octet under the digest counts, and those of the digest', async (t) => {
  for (const vector of cryptographic.filter((v) => v.key.length === 12 || v.keyId === 1)) {
    const length = fromHex(vector.sealed).length
    for (let at = 20; at < length; at++) {
      const bytes = fromHex(vector.sealed)
      bytes[at]! ^= 0x80
      t.equal(verdict(bytes, keyOf(vector)), 'digest', `${title(vector)}: octet ${at}`)
    }
  }
})

t.test('what follows the digest is no concern of it: an LLS block', async (t) => {
  for (const vector of cryptographic) {
    const bytes = Uint8Array.of(...fromHex(vector.sealed), ...fromHex('fff60003000100040000000000'))
    t.equal(verdict(bytes, keyOf(vector)), 'good', title(vector))
  }
})

t.test('another key, another algorithm of the same length, another source', async (t) => {
  for (const vector of cryptographic) {
    const key = keyOf(vector)
    const other = { ...key, key: Uint8Array.of(0xff, ...key.key) }
    t.equal(verdict(fromHex(vector.sealed), other), 'digest', title(vector))
    const moved = verdict(fromHex(vector.sealed), key, anywhere + 1)
    t.equal(moved, vector.auType === 3 ? 'digest' : 'good', 'the source is under the digest')
  }
})

t.test('a NUL inside a key ends nothing', async (t) => {
  const [vector] = cryptographic
  for (const algorithm of authAlgorithms) {
    const key = { id: 1, algorithm, key: fromHex('610062') }
    const bytes = seal(vector!, key)
    t.equal(verdict(bytes, key), 'good')
    for (const hex of ['61', '6100', '610063', '61006200ff']) {
      t.equal(verdict(bytes, { ...key, key: fromHex(hex) }), 'digest', `${algorithm} ${hex}`)
    }
    const padded = verdict(bytes, { ...key, key: fromHex('61006200') })
    t.equal(padded, 'good', 'short keys are filled up with NULs, so this is the same one')
  }
})

t.test('a password of eight NULs is none at all, and no other', async (t) => {
  const packet = fromHex(vectors[0]!.packet)
  const header = decodePacketHeader(sealSimple(packet, new Uint8Array(8)))
  t.ok(checkSimple(header, new Uint8Array(0)))
  t.notOk(checkSimple(header, fromHex('0000000000000001')))
  const secret = decodePacketHeader(sealSimple(packet, fromHex('7365637265740000')))
  t.notOk(checkSimple(secret, new Uint8Array(8)), 'nor is it any password')
  const long = sealSimple(packet, fromHex('313233343536373839'))
  t.equal(toHex(long.subarray(16, 24)), '3132333435363738', 'eight octets of a longer one')
})

t.test('a longer MD5 key counts by its first 16 octets', async (t) => {
  const vector = cryptographic.find((v) => v.key.length === 32)!
  const longer = Uint8Array.of(...fromHex(vector.key), 9, 9)
  t.equal(verdict(fromHex(vector.sealed), { ...keyOf(vector), key: longer }), 'good')
})

t.test('a packet that is a view of a larger buffer, as sockets hand it out', async (t) => {
  for (const vector of cryptographic.slice(0, 12)) {
    const bytes = fromHex(vector.sealed)
    const buffer = new Uint8Array(bytes.length + 40).fill(0xa5)
    buffer.set(bytes, 20)
    t.equal(verdict(buffer.subarray(20, 20 + bytes.length), keyOf(vector)), 'good')
  }
})

t.test('the numbers of the types, the names of the hashes', async (t) => {
  t.same(AuType, { null: 0, simple: 1, cryptographic: 2, extended: 3 })
  t.same(authAlgorithms.map(hashOf), ['md5', 'sha1', 'sha256', 'sha384', 'sha512'])
})
