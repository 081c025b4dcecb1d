/**
 * The codecs against what FRR, BIRD and this library put on the wire (fixtures/packets): every packet is decoded,
 * encoded again to the same octets, and compared with tshark's reading of it.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import {
  decodeLsa,
  decodePacket,
  encodeLsa,
  encodePacket,
  fletcherOk,
  formatIpv4,
  type Lsa,
  type LsaHeader,
  LsType,
  type Packet,
  PacketType,
  verifyChecksum,
  withAge,
} from '../../lib/wire/index.ts'
import type { Dissected } from '../../scripts/dissect.ts'
import { readPcap } from '../pcap.ts'

const folder = join(process.cwd(), 'fixtures', 'packets')
const captures = readdirSync(folder)
  .filter((file) => file.endsWith('.pcap'))
  .map((file) => file.slice(0, -'.pcap'.length))

type Fields = Record<string, string[]>

const hex = (value: number, digits: number): string =>
  `0x${(value >>> 0).toString(16).padStart(digits, '0')}`

/** Says of a decoded packet what tshark says of it, in tshark's words. */
class Reading {
  readonly fields: Fields = {}

  constructor({ header, body }: Packet) {
    this.say('version', header.version).say('msg', header.type).say('packet_length', header.length)
    this.address('srcrouter', header.routerId).address('area_id', header.areaId)
    this.say('checksum', hex(header.checksum, 4)).say('auth.type', header.auType)
    switch (body.kind) {
      case 'hello':
        this.address('hello.network_mask', body.networkMask)
        this.say('hello.hello_interval', body.helloInterval).options(body.options)
        this.say('hello.router_priority', body.priority)
        this.say('hello.router_dead_interval', body.deadInterval)
        this.address('hello.designated_router', body.designatedRouter)
        this.address('hello.backup_designated_router', body.backupDesignatedRouter)
        for (const id of body.neighbors) this.address('hello.active_neighbor', id)
        break
      case 'database-description': {
        const { init, more, master } = body.flags
        const flags = (init ? 4 : 0) + (more ? 2 : 0) + (master ? 1 : 0)
        this.say('db.interface_mtu', body.mtu).options(body.options)
        this.say('dbd', hex(flags, 2)).say('db.dd_sequence', body.sequence)
        for (const header of body.headers) this.lsaHeader(header)
        break
      }
      case 'ls-request':
        for (const request of body.requests) {
          this.say('lsa', request.type).address('link_state_id', request.lsId)
          this.address('advrouter', request.advertisingRouter)
        }
        break
      case 'ls-update':
        this.say('ls.number_of_lsas', body.lsas.length)
        for (const raw of body.lsas) this.lsa(decodeLsa(raw))
        break
      case 'ls-ack':
        for (const header of body.headers) this.lsaHeader(header)
    }
  }

  say(field: string, value: string | number): this {
    const values = this.fields[field] ?? []
    values.push(`${value}`)
    this.fields[field] = values
    return this
  }

  address(field: string, value: number): this {
    return this.say(field, formatIpv4(value))
  }

  options(octet: number): this {
    return this.say('v2.options', hex(octet, 2))
  }

  lsaHeader(h: LsaHeader): void {
    this.say('lsa.age', h.age).options(h.options).say('lsa', h.type)
    if (h.type >= LsType.opaqueLink) {
      this.say('lsid_opaque_type', h.lsId >>> 24).say('lsid.opaque_id', h.lsId & 0xffffff)
    } else {
      this.address('lsa.id', h.lsId)
    }
    this.address('advrouter', h.advertisingRouter).say('lsa.seqnum', hex(h.sequence, 8))
    this.say('lsa.chksum', hex(h.checksum, 4)).say('lsa.length', h.length)
  }

  lsa({ header, body }: Lsa): void {
    this.lsaHeader(header)
    switch (body.kind) {
      case 'router':
        this.say('v2.router.lsa.flags', hex(body.flags, 2))
        this.say('lsa.number_of_links', body.links.length)
        for (const link of body.links) {
          this.address('lsa.router.linkid', link.id).address('lsa.router.linkdata', link.data)
          this.say('lsa.router.linktype', link.type)
          this.say('lsa.router.nummetrics', link.tos.length)
          this.say('lsa.router.metric0', link.metric)
        }
        break
      case 'network':
        this.address('lsa.network.netmask', body.mask)
        for (const id of body.attachedRouters) this.address('lsa.network.attchrtr', id)
        break
      case 'summary':
        this.address('lsa.asbr.netmask', body.mask).say('lsa.tos', 0).say('metric', body.metric)
        break
      case 'external':
        this.address('lsa.asext.netmask', body.mask)
        this.say('lsa.asext.type', body.metricType - 1).say('lsa.tos', 0)
        this.say('metric', body.metric).address('lsa.asext.fwdaddr', body.forwardingAddress)
        this.say('lsa.asext.extrttag', body.tag)
    }
  }
}

/** Packet and LS types met on the way, for the census at the end. */
const seen = { packets: new Set<string>(), lsas: new Set<number>() }

for (const name of captures) {
  t.test(name, async (t) => {
    const datagrams = readPcap(readFileSync(join(folder, `${name}.pcap`)))
    const tshark = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Dissected[]
    t.ok(datagrams.length > 0)
    t.equal(datagrams.length, tshark.length, 'tshark saw as many packets')
    const lsas: Lsa[] = []

    for (const [i, { frame, source, destination, ttl, protocol, payload }] of datagrams.entries()) {
      const packet = decodePacket(payload)
      const { header, body, trailer } = packet
      seen.packets.add(body.kind)
      t.strictSame(
        {
          frame,
          src: formatIpv4(source),
          dst: formatIpv4(destination),
          ospf: new Reading(packet).fields,
        },
        tshark[i],
        `frame ${frame}: ${body.kind}`,
      )
      t.strictSame({ protocol, ttl }, { protocol: 89, ttl: 1 })
      t.ok(verifyChecksum(payload, header.length), `frame ${frame}: checksum`)
      const again = encodePacket(header, body)
      t.strictSame(Buffer.concat([again, trailer]), Buffer.from(payload), `frame ${frame}: octets`)
      if (body.kind !== 'ls-update') continue
      t.equal(body.failed, undefined)
      lsas.push(...body.lsas.map(decodeLsa))
    }

    for (const { header, raw, body } of lsas) {
      seen.lsas.add(header.type)
      t.ok(fletcherOk(raw), 'Fletcher checksum')
      t.ok(fletcherOk(withAge(raw, 1234)), 'which leaves out the age')
      t.strictSame(encodeLsa(header, body), { header, raw, body })
    }

    if (name.endsWith('-shutdown')) {
      const flushed = lsas.filter(
        ({ header }) => header.age === 3600 && header.type === LsType.router,
      )
      const by = new Set(flushed.map(({ header }) => formatIpv4(header.advertisingRouter)))
      const [first, second] = name.split('-')
      t.equal(by.has('10.0.1.136'), first !== 'bird', 'BIRD leaves its router-LSA behind')
      t.equal(by.has('10.0.1.133'), second !== 'bird', 'the others flush theirs')
    }
    const network = lsas.some(({ body }) => body.kind === 'network')
    if (name.endsWith('-broadcast-adjacency')) t.ok(network, 'a network-LSA was originated')
    if (name.includes('-point-to-point-')) t.notOk(network, 'no network-LSA on this network')
    if (name.endsWith('-change')) {
      const stubs = lsas.flatMap(({ body }) => (body.kind === 'router' ? body.links : []))
      for (const vip of ['10.0.9.1', '10.0.9.2']) {
        const stub = stubs.find(({ id, type }) => type === 3 && formatIpv4(id) === vip)
        t.match(stub, { data: 0xffffffff, metric: 1 }, `${vip} was announced`)
      }
    }
  })
}

t.test('the fixtures hold every packet type and every LS type that FRR originates', async (t) => {
  t.strictSame([...seen.packets].sort(), Object.keys(PacketType).sort())
  const { opaqueLink, opaqueAs, ...originated } = LsType
  t.strictSame(
    [...seen.lsas].sort((a, b) => a - b),
    Object.values(originated),
  )
  t.strictSame(
    readdirSync(folder)
      .filter((file) => file.endsWith('.json'))
      .sort(),
    captures.map((name) => `${name}.json`).sort(),
  )
  const readme = readFileSync(join(folder, 'README.md'), 'utf8')
  for (const name of captures)
    t.match(readme, name.replace(/-(adjacency|change|crash|shutdown)$/, ''))
})
